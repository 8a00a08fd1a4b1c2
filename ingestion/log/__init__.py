"""What the raw log keeps beside its rows: each table's state, and the archive of its batches."""
