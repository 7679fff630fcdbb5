//! What a packet may hold, as [`crate::packet_content`] tells it.

/// What a decoder gives for a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Content {
    /// One picture that is shown.
    #[default]
    Picture,
    /// The rest of the picture of the packet before.
    SecondField,
    /// Nothing that is shown.
    Nothing,
}
