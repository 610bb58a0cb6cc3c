//! What SQLite's users get hurt by.
