using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>The tables in which the deletion of one row can delete another one of the same table, by foreign keys with ON DELETE CASCADE, also by way
/// of other tables. Read once per schema.</summary>
internal sealed class CascadeCycles(SyncSession session)
{
    private const string Keys =
        "SELECT m.name, f.\"table\" FROM main.sqlite_master AS m CROSS JOIN pragma_foreign_key_list(m.name, 'main') AS f"
        + " WHERE m.type = 'table' AND instr(lower(m.sql), 'references') > 0 AND f.on_delete = 'CASCADE'";

    private readonly Statement setting = session.Connection.Prepare("PRAGMA foreign_keys");
    private readonly Statement keys = session.Connection.Prepare(Keys);
    private readonly Dictionary<string, List<string>> children = [];
    private int generation = -1;

    /// <summary>Whether a table is one of them.</summary>
    public bool Has(string table)
    {
        if (generation != session.Generation)
        {
            Read();
            generation = session.Generation;
        }

        string name = AsciiNames.Lower(table);
        if (!children.TryGetValue(name, out List<string>? next))
        {
            return false;
        }

        HashSet<string> reached = [.. next];
        Stack<string> open = new(reached);
        while (!reached.Contains(name) && open.TryPop(out string? parent))
        {
            foreach (string child in children.GetValueOrDefault(parent) ?? [])
            {
                if (reached.Add(child))
                {
                    open.Push(child);
                }
            }
        }

        return reached.Contains(name);
    }

    private void Read()
    {
        children.Clear();

        // A library without foreign keys gives no row.
        bool hasKeys = setting.Step();
        setting.Reset();
        while (hasKeys && keys.Step())
        {
            Add();
        }

        keys.Reset();
    }

    private void Add()
    {
        string parent = AsciiNames.Lower(keys.String(1));
        if (!children.TryGetValue(parent, out List<string>? list))
        {
            children.Add(parent, list = []);
        }

        list.Add(AsciiNames.Lower(keys.String(0)));
    }
}
