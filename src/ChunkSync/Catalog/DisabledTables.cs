using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The tables whose capture <c>cloudsync_disable</c> switched off on this connection; not stored. What is stored, with the first
/// row written to such a table, is a mark: the next <c>cloudsync_init</c> has rows to look for.</summary>
internal sealed class DisabledTables(SyncSession session, TableCatalog catalog)
{
    private sealed class Entry(byte[] name)
    {
        public byte[] Name => name;

        /// <summary>The transaction in which the mark is known to be there; -1 for none.</summary>
        public long MarkedIn { get; set; } = -1;
    }

    private readonly List<Entry> entries = [];

    /// <summary>Whether a table is disabled.</summary>
    public bool Contains(ReadOnlySpan<byte> name) => entries.Count > 0 && Find(name) != null;

    /// <summary>Switches capture of a table off or on.</summary>
    public void Set(TrackedTable table, bool disabled)
    {
        entries.RemoveAll(entry => AsciiNames.Same(entry.Name, table.NameUtf8));
        if (disabled)
        {
            entries.Add(new Entry(table.NameUtf8));
        }
    }

    /// <summary>A row of a disabled table is being written: leaves the mark, once.</summary>
    public void NoteWrite(ReadOnlySpan<byte> name)
    {
        TransactionTable transaction = session.Transaction;
        if (Find(name) is not Entry entry || (transaction.IsJoined && entry.MarkedIn == transaction.Number))
        {
            return;
        }

        // A SELECT may ask, too: it writes nothing.
        if (!session.Connection.IsWriting)
        {
            return;
        }

        session.RefreshInTrigger();
        TrackedTable? table = catalog.Find(name);
        if (table != null && table.Uncaptured == null)
        {
            catalog.Marks.Set(table, TableMarks.Uncaptured, TableMarks.WhileDisabled);
            table.Uncaptured = TableMarks.WhileDisabled;
            session.NoteUncommitted();
        }

        entry.MarkedIn = transaction.Number;
    }

    /// <summary>Marks may be gone.</summary>
    public void ForgetMarks()
    {
        foreach (Entry entry in entries)
        {
            entry.MarkedIn = -1;
        }
    }

    private Entry? Find(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < entries.Count; i++)
        {
            if (AsciiNames.Same(entries[i].Name, name))
            {
                return entries[i];
            }
        }

        return null;
    }
}
