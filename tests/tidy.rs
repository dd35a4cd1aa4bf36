//! The shape of the code: sizes of files and functions, and who may import whom.
