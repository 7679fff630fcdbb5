//! Moments in a folder of videos: what is done with a hit.
