using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>The tables in which the deletion of one row can delete another one of the same table, by foreign keys with ON DELETE CASCADE, also by way
/// of other tables. Read at most once per schema: that walks over all of it.</summary>
internal sealed class CascadeCycles(SyncSession session)
{
    private const string Keys =
        "SELECT m.name, f.\"table\" FROM main.sqlite_master AS m CROSS JOIN pragma_foreign_key_list(m.name, 'main') AS f"
        + " WHERE m.type = 'table' AND instr(lower(m.sql), 'references') > 0 AND f.on_delete = 'CASCADE'";

    private readonly Statement setting = session.Connection.Prepare("PRAGMA foreign_keys");
    private readonly Statement cascades = session.Connection.Prepare("SELECT 1 FROM pragma_foreign_key_list(?1, 'main') WHERE on_delete = 'CASCADE' LIMIT 1");
    private readonly Statement keys = session.Connection.Prepare(Keys);
    private readonly Dictionary<string, List<string>> children = [];
    private int generation = -1;
    private int readGeneration = -1;

    /// <summary>Whether a table is one of them.</summary>
    public bool Has(string table)
    {
        if (readGeneration != session.Generation)
        {
            // Where one table is new, it alone is asked about; where all are read again, the schema is.
            bool isFirst = generation != session.Generation;
            generation = session.Generation;
            if (isFirst && !Cascades(table))
            {
                return false;
            }

            Read();
            readGeneration = generation;
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

    /// <summary>Whether a table's rows are deleted with others'.</summary>
    private bool Cascades(string table)
    {
        cascades.Bind(1, table);
        bool found = HasForeignKeys() && cascades.Step();
        cascades.Reset();
        return found;
    }

    private void Read()
    {
        children.Clear();
        bool hasKeys = HasForeignKeys();
        while (hasKeys && keys.Step())
        {
            Add();
        }

        keys.Reset();
    }

    /// <summary>Whether the library has foreign keys: one without them gives no row.</summary>
    private bool HasForeignKeys()
    {
        bool has = setting.Step();
        setting.Reset();
        return has;
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
