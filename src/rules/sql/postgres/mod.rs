//! What PostgreSQL's users get hurt by.
