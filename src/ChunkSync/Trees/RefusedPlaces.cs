using ChunkSync.Catalog;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Rows of a tree table that may show another place than the tree has: those that somebody has to look at, and those that were refused their
/// place and wait. Both are in the table of dirty rows; the latter with a reason.</summary>
internal sealed class RefusedPlaces : IDisposable
{
    private const string Now = "CAST(strftime('%s', 'now') AS INTEGER)";

    private readonly TreeTable tree;
    private readonly Statement any;
    private readonly Statement count;
    private readonly Statement unseen;
    private readonly Statement listed;
    private readonly Statement note;
    private readonly Statement forget;
    private readonly Statement forgetUnseen;
    private readonly Statement isListed;

    public RefusedPlaces(Connection connection, TreeTable tree)
    {
        this.tree = tree;
        string dirty = tree.Names.Dirty;
        any = connection.Prepare($"SELECT 1 FROM {dirty} WHERE reason IS NOT NULL LIMIT 1");
        count = connection.Prepare($"SELECT count(*) FROM {dirty} WHERE reason IS NOT NULL");
        unseen = connection.Prepare($"SELECT key FROM {dirty} WHERE reason IS NULL");
        listed = connection.Prepare($"SELECT key FROM {dirty} WHERE reason IS NOT NULL AND (?2 OR text IS NOT '{MergeCall.RollsBack}') ORDER BY tries LIMIT ?1");
        note = connection.Prepare($"INSERT INTO {dirty}(key, pk, reason, text, needs_pk, tries, since, last_try) VALUES (?1, ?2, ?3, ?4, ?5, 1, {Now}, {Now})"
            + " ON CONFLICT(key) DO UPDATE SET pk = excluded.pk, reason = excluded.reason, text = excluded.text, needs_pk = excluded.needs_pk,"
            + " tries = coalesce(tries, 0) + 1, since = coalesce(since, excluded.since), last_try = excluded.last_try");
        forget = connection.Prepare($"DELETE FROM {dirty} WHERE key = ?1");
        forgetUnseen = connection.Prepare($"DELETE FROM {dirty} WHERE reason IS NULL");
        isListed = connection.Prepare($"SELECT 1 FROM {dirty} WHERE key = ?1 AND reason IS NOT NULL");
    }

    /// <summary>Whether any row was refused its place.</summary>
    public bool Any => TreeStore.Is(any);

    /// <summary>How many were.</summary>
    public long Count
    {
        get
        {
            long found = count.Step() ? count.Int64(0) : 0;
            count.Reset();
            return found;
        }
    }

    /// <summary>Goes to the rows that somebody has to look at: their keys in the first column; the reader resets it.</summary>
    public Statement Unseen => unseen;

    /// <summary>Goes to rows that were refused, those first that were tried least. A row at which a trigger of the user's rolls everything back
    /// is not tried by the way.</summary>
    /// <param name="limit">The most of them; -1 for all, also those that are not tried by the way.</param>
    public Statement Listed(long limit)
    {
        listed.Bind(1, limit).Bind(2, limit < 0 ? 1 : 0);
        return listed;
    }

    /// <summary>Lists a row, or lists it anew.</summary>
    /// <param name="node">The row's node.</param>
    /// <param name="reason">Why it was refused.</param>
    /// <param name="text">SQLite's message.</param>
    /// <param name="needs">The key of the row in the way; empty where it is not known.</param>
    public void Note(long node, RefusalReason reason, string text, ReadOnlySpan<byte> needs)
    {
        tree.Store.Keys.Bind(note, 1, node);
        note.BindBlob(2, tree.Store.Keys.PkBlob(node).Span).Bind(3, RefusalKind.NameOf(reason)).Bind(4, text);
        _ = needs.IsEmpty ? note.BindNull(5) : note.BindBlob(5, needs);
        tree.Store.Write(note);
    }

    /// <summary>A row shows its place, or is gone.</summary>
    public void Forget(long node)
    {
        tree.Store.Keys.Bind(forget, 1, node);
        forget.Run();
    }

    /// <summary>Whether a row is listed.</summary>
    public bool IsListed(long node)
    {
        tree.Store.Keys.Bind(isListed, 1, node);
        return TreeStore.Is(isListed);
    }

    /// <summary>The rows that somebody had to look at were looked at.</summary>
    /// <param name="seen">How many they were.</param>
    public void ForgetUnseen(long seen) => tree.Store.Write(forgetUnseen, seen);

    /// <summary>The rows that were refused and are here, with the columns of <c>cloudsync_waiting</c>, as a query.</summary>
    public static string Query(TrackedTable table)
    {
        TreeNames names = new(table.Tree!, table.KeyColumns[0].Name);
        string columns = names.Registration.ParentColumn + (names.Position == null ? "" : "," + names.Registration.PositionColumn);
        return $"SELECT {Connection.Literal(table.Name)}, d.pk, NULL, {Connection.Literal(columns)}, d.reason, d.text,"
            + $" CASE WHEN d.needs_pk IS NOT NULL THEN {Connection.Literal(table.Name)} END, d.needs_pk, d.tries, d.since, d.last_try, x'', 0, 0"
            + $" FROM {names.Dirty} AS d WHERE d.reason IS NOT NULL AND EXISTS (SELECT 1 FROM {names.Table} WHERE {names.Key} = d.key)";
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[any, count, unseen, listed, note, isListed, forget, forgetUnseen])
        {
            statement.Dispose();
        }
    }
}
