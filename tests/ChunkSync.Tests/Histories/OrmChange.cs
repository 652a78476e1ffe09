namespace ChunkSync.Tests.Histories;

/// <summary>What a migration does to a table, whichever way a tool does it.</summary>
/// <param name="Table">The table.</param>
/// <param name="Before">Its columns behind the key before, in order.</param>
/// <param name="After">Its columns behind the key afterwards, in order.</param>
/// <param name="Renamed">The column that gets another name, and that name; null for none.</param>
/// <param name="Rewritten">A column whose values the copy changes; null for none. Only a rebuild does it.</param>
internal sealed record OrmChange(string Table, OrmColumn[] Before, OrmColumn[] After, (string From, string To)? Renamed, string? Rewritten)
{
    /// <summary>Whether ALTER TABLE can do it.</summary>
    public bool IsPlain => Rewritten == null && (Added != null || Dropped != null || Renamed != null);

    /// <summary>The column that is new; null for none.</summary>
    public OrmColumn? Added => Renamed != null ? null : After.FirstOrDefault(column => Before.All(other => other.Name != column.Name));

    /// <summary>The column that goes; null for none.</summary>
    public OrmColumn? Dropped => Renamed != null ? null : Before.FirstOrDefault(column => After.All(other => other.Name != column.Name));

    /// <summary>ALTER TABLE.</summary>
    public string Alter => Renamed is (string from, string to) ? $"ALTER TABLE {Table} RENAME COLUMN {from} TO {to}"
        : Added is OrmColumn added ? $"ALTER TABLE {Table} ADD COLUMN {added.Declaration}"
        : $"ALTER TABLE {Table} DROP COLUMN {Dropped!.Name}";

    /// <summary>CREATE TABLE with the columns afterwards.</summary>
    /// <param name="name">The name of the new table.</param>
    /// <param name="temporary">Whether it is a temporary one, which has no references.</param>
    public string Create(string name, bool temporary = false) =>
        $"CREATE {(temporary ? "TEMPORARY " : "")}TABLE \"{name}\"(id TEXT PRIMARY KEY NOT NULL{string.Concat(After.Select(column => ", " + (temporary ? column.Declaration.Split(" REFERENCES")[0] : column.Declaration)))})";

    /// <summary>Copies the rows of the old table.</summary>
    /// <param name="to">The new table.</param>
    /// <param name="from">What the old one is called now.</param>
    public string Copy(string to, string from)
    {
        List<(string To, string From)> columns = [("id", "id")];
        foreach (OrmColumn column in After)
        {
            string source = Renamed is (string old, string name) && name == column.Name ? old : column.Name;
            if (Before.Any(other => other.Name == source))
            {
                string value = source == Rewritten ? $"'m' || {source}" : source;
                columns.Add((column.Name, column.Rest.Contains("NOT NULL", StringComparison.Ordinal) ? $"ifnull({value}, 'none')" : value));
            }
        }

        return $"INSERT INTO \"{to}\"({string.Join(", ", columns.Select(column => column.To))})"
            + $" SELECT {string.Join(", ", columns.Select(column => column.From))} FROM \"{from}\"";
    }

    /// <summary>Copies the rows between two tables of the new shape.</summary>
    public string CopyBack(string to, string from)
    {
        string columns = string.Join(", ", ["id", .. After.Select(column => column.Name)]);
        return $"INSERT INTO \"{to}\"({columns}) SELECT {columns} FROM \"{from}\"";
    }
}
