using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>How SQLite stores and compares the keys of one table. Keys with other bytes can be the same key to it: 'k' and 'K' under NOCASE, 1
/// and 1.0 in a column without a type; and what comes from elsewhere can be stored with other bytes than it came with: '5' in an
/// INTEGER column. Most keys are neither, and are told so by their storage classes alone.</summary>
internal sealed unsafe class KeyRules : IDisposable
{
    private readonly KeyColumnRule[] columns;
    private readonly Statement toNumber;
    private readonly Statement toText;
    private KeyForms? forms;

    private KeyRules(Connection connection, TrackedTable table, KeyColumnRule[] columns, bool namesCollations)
    {
        this.columns = columns;
        HasEqualKeys = Array.Exists(columns, column => column.HasEqualValues);

        // Numeric affinity takes a text that is a number as a whole. The comparison applies it to the parameter.
        toNumber = connection.Prepare("SELECT CASE WHEN CAST(?1 AS NUMERIC) = ?1 THEN CAST(?1 AS NUMERIC) ELSE ?1 END");
        toText = connection.Prepare("SELECT CAST(?1 AS TEXT)");
        Conditions = [.. table.KeyColumns.Select((column, i) => namesCollations
            ? $"{column.Quoted} = ?{i + 1} COLLATE {Connection.Quote(columns[i].Collation)}"
            : $"{column.Quoted} = ?{i + 1}")];
    }

    /// <summary>The conditions for the row with a key, in the collation of the key's index: parameters from 1 on.</summary>
    public IReadOnlyList<string> Conditions { get; }

    /// <summary>Whether keys that are stored with different bytes can be equal.</summary>
    public bool HasEqualKeys { get; }

    /// <summary>The rules by key column.</summary>
    public ReadOnlySpan<KeyColumnRule> Columns => columns;

    /// <summary>Reads the rules of a table.</summary>
    public static KeyRules Read(Connection connection, TrackedTable table)
    {
        string sql = "";
        using (Statement text = connection.Prepare("SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE"))
        {
            text.Bind(1, table.Name);
            sql = text.Step() ? text.String(0) : "";
            text.Reset();
        }

        bool isStrict = sql.AsSpan(sql.LastIndexOf(')') + 1).Contains("STRICT", StringComparison.OrdinalIgnoreCase);
        bool namesCollations = sql.Contains("COLLATE", StringComparison.OrdinalIgnoreCase);
        ILookup<string, string>? collations = namesCollations ? KeyCollation.OfIndex(connection, table.Name) : null;
        KeyColumnRule[] rules = [.. table.KeyColumns.Select(column => new KeyColumnRule(
            KeyColumnRule.AffinityOf(column.DeclaredType, isStrict), collations?[column.Name].LastOrDefault() ?? KeyColumnRule.Binary))];

        // A key that is the rowid has no index, and no collation.
        return new KeyRules(connection, table, rules, collations is { Count: > 0 });
    }

    /// <summary>What an untrusted blob is to the table.</summary>
    public KeyMatch Match(NativeBytes key)
    {
        if (key.Length < 1 || key.Data[0] != columns.Length)
        {
            return KeyMatch.None;
        }

        bool isExact = true;
        ValueReader reader = new(key.Data + 1, key.Length - 1);
        for (int i = 0; i < columns.Length; i++)
        {
            if (!reader.TryRead(out WireValue value) || value.Kind == WireKind.Null)
            {
                return KeyMatch.None;
            }

            isExact &= columns[i].IsExact(value);
        }

        return reader.Remaining != 0 ? KeyMatch.None : isExact ? KeyMatch.Exact : KeyMatch.Loose;
    }

    /// <summary>A key as the table stores it.</summary>
    /// <param name="key">A well-formed key.</param>
    /// <param name="stored">Gets it.</param>
    public void Store(NativeBytes key, KeyBuffer stored)
    {
        stored.Begin(columns.Length);
        ValueReader reader = new(key.Data + 1, key.Length - 1);
        for (int i = 0; i < columns.Length && reader.TryRead(out WireValue value); i++)
        {
            switch (columns[i].Affinity)
            {
                case KeyAffinity.Text when value.Kind is WireKind.Integer or WireKind.Real:
                    Convert(toText, value, stored);
                    break;
                case KeyAffinity.Numeric or KeyAffinity.Real when value.Kind == WireKind.Text:
                    Convert(toNumber, value, stored, columns[i].Affinity);
                    break;
                default:
                    Append(value, columns[i].Affinity, stored);
                    break;
            }
        }
    }

    /// <summary>What finds the keys that are equal to one; only for one caller at a time.</summary>
    public KeyForms Forms(Connection connection, TrackedTable table) => forms ??= new KeyForms(connection, table, this);

    public void Dispose()
    {
        toNumber.Dispose();
        toText.Dispose();
        forms?.Dispose();
    }

    private static void Convert(Statement conversion, in WireValue value, KeyBuffer stored, KeyAffinity affinity = KeyAffinity.None)
    {
        StoredValue.BindCopy(conversion, 1, value);
        conversion.Step();
        WireValue converted = StoredValue.Read(conversion, 0);
        if (converted.Kind is WireKind.Integer or WireKind.Real)
        {
            Append(converted, affinity, stored);
        }
        else
        {
            stored.Append(converted);
        }

        conversion.Reset();
        conversion.ClearBindings();
    }

    private static void Append(in WireValue value, KeyAffinity affinity, KeyBuffer stored)
    {
        if (affinity == KeyAffinity.Real && value.Kind == WireKind.Integer)
        {
            stored.Append(new WireValue { Kind = WireKind.Real, Real = value.Integer });
        }
        else if (affinity == KeyAffinity.Numeric && value.Kind == WireKind.Real && KeyColumnRule.IsInteger(value.Real))
        {
            stored.Append(new WireValue { Kind = WireKind.Integer, Integer = (long)value.Real });
        }
        else
        {
            stored.Append(value);
        }
    }
}
