//! MIME multipart messages as cloud user-data uses them.
