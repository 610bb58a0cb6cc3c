//! What a change did to config schemas: which documents each governs, what it was before, and what
//! the new one makes of them.
