"""Pictures that FFmpeg's command line cannot make: a CMYK JPEG, and one that notes a turn in its EXIF.

Both are the picture of number 0 of crates/video/tests/outcomes/burned_in_code.rs at 96 x 64: a
white field at the upper left of a grid of six by four black ones, grey below.
"""

from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent.parent / "crates/video/tests/goldens"


def number_zero() -> Image.Image:
    picture = Image.new("RGB", (96, 64), (128, 128, 128))
    picture.paste((20, 20, 20), (0, 0, 96, 48))
    picture.paste((235, 235, 235), (0, 0, 16, 12))
    return picture


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    number_zero().convert("CMYK").save(FOLDER / "cmyk.jpg", quality=90)
    turned = Image.Exif()
    turned[0x0112] = 6  # Orientation: to be turned clockwise by 90 degrees.
    number_zero().save(FOLDER / "exif_turned.jpg", quality=90, exif=turned)


if __name__ == "__main__":
    main()
