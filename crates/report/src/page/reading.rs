//! How to read each section of a page, in a sentence or two.

/// Over the tables of results.
pub(super) const RESULTS: &str = "\
    Every row of a table is measured on the same queries. An oracle knows exactly what its name \
    says about every clip, and nothing else; a model that stays below it may know no more than \
    that.";

/// Over the loss curves.
pub(super) const LOSSES: &str = "\
    Strong lines are averages over neighbouring steps, faint lines the steps themselves.";

/// Over the clip-word heat maps.
pub(super) const HEAT_MAPS: &str = "\
    Every column is a clip, with a frame of it on top; every row is a word of the sentence. \
    Colour is the cosine of the two, outlines mark the words closest to each clip, and the bands \
    below tell what truly happens.";

/// Over the grounding examples.
pub(super) const GROUNDING: &str = "\
    The sentence is compared with every clip of the video; the span found is where the score \
    stands out. IoU is the overlap of found and true span over their union: 1 is exact.";

/// Over the similarity histograms.
pub(super) const HISTOGRAMS: &str = "\
    A clip is close to its words (reference); a clip some steps away is less so (bias); the \
    context-warping head, told the distance, should bring it back (projection).";
