//! Errors of the system and of FFmpeg on their way to another process: their numbers say all.

/// Of the system, or an own one in words.
pub(crate) mod of_system {
    use std::io;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(error: &io::Error, to: S) -> Result<S::Ok, S::Error> {
        (error.raw_os_error(), error.to_string()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<io::Error, D::Error> {
        let (number, words) = <(Option<i32>, String)>::deserialize(from)?;
        Ok(number.map_or_else(|| io::Error::other(words), io::Error::from_raw_os_error))
    }
}

/// Of FFmpeg.
pub(crate) mod of_ffmpeg {
    use ffmpeg_the_third::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(error: &Error, to: S) -> Result<S::Ok, S::Error> {
        i32::from(*error).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Error, D::Error> {
        i32::deserialize(from).map(Error::from)
    }
}
