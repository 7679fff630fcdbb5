"""Writes crates/corpus/tests/fixtures/coin/taxonomy.xlsx: a workbook in the layout of COIN's.

Two sheets, as the genuine one has; texts stand in the shared table except for one cell, so that both
ways of writing a text are read. Needs nothing but Python; the bytes are the same every time.
"""

import pathlib
import zipfile

OUT = pathlib.Path(__file__).parent.parent / "crates/corpus/tests/fixtures/coin/taxonomy.xlsx"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

STEPS = [
    (0, "ReplaceCDDriveWithSSD", 212, "take out the laptop CD drive"),
    (0, "ReplaceCDDriveWithSSD", 216, "insert the hard disk tray"),
    (1, "MakeTea", 5, "boil water & wait"),
    (1, "MakeTea", 6, "insert the hard disk tray"),
]
HEADER = ("Target Id", "Target Label", "Action Id", "Action Label")


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def sheet(rows, shared):
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for column, value in zip("ABCD", row):
            place = f'r="{column}{number}"'
            if isinstance(value, int):
                cells.append(f"<c {place}><v>{value}</v></c>")
            elif value == "boil water & wait":
                cells.append(f'<c {place} t="inlineStr"><is><t>{escaped(value)}</t></is></c>')
            else:
                if value not in shared:
                    shared.append(value)
                cells.append(f'<c {place} t="s"><v>{shared.index(value)}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def main():
    shared = []
    domains = sheet([("Domain", "Target Label"), ("Drinks", "MakeTea")], shared)
    steps = sheet([HEADER, *STEPS], shared)
    names = ["domain_target_mapping", "target_action_mapping"]
    listed = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="rId{i}"/>' for i, n in enumerate(names, 1))
    leads = "".join(
        f'<Relationship Id="rId{i}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in (1, 2)
    )
    texts = "".join(f"<si><t>{escaped(text)}</t></si>" for text in shared)
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{leads}</Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        "xl/worksheets/sheet1.xml": domains,
        "xl/worksheets/sheet2.xml": steps,
    }
    with zipfile.ZipFile(OUT, "w") as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, '<?xml version="1.0" encoding="UTF-8"?>' + text)


if __name__ == "__main__":
    main()
