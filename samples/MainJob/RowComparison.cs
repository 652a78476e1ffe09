using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>Compares the rows of databases, column by column, byte for byte.</summary>
internal static class RowComparison
{
    /// <summary>The first difference between two databases, or null; counts the rows that were compared.</summary>
    public static string? Difference(Replica left, Replica right, IEnumerable<TableInfo> tables, ref long rows)
    {
        foreach (TableInfo table in tables)
        {
            string select = $"SELECT {Sql.List(table.Columns)} FROM {Sql.Quote(table.Name)} ORDER BY {Sql.List(table.Key)}";
            using SqliteCommand here = Sql.Command(left.Connection, select);
            using SqliteCommand there = Sql.Command(right.Connection, select);
            using SqliteDataReader one = here.ExecuteReader();
            using SqliteDataReader other = there.ExecuteReader();
            while (true)
            {
                bool more = one.Read();
                if (more != other.Read())
                {
                    return $"{table.Name} has another number of rows in {left.Name} and {right.Name}";
                }

                if (!more)
                {
                    break;
                }

                for (int i = 0; i < one.FieldCount; i++)
                {
                    if (!Same(one.GetValue(i), other.GetValue(i)))
                    {
                        return $"{table.Name}.{one.GetName(i)} of row {one.GetValue(0)}: {one.GetValue(i)} in {left.Name}, {other.GetValue(i)} in {right.Name}";
                    }
                }

                rows++;
            }
        }

        return null;
    }

    private static bool Same(object left, object right) =>
        left is byte[] one && right is byte[] other ? one.AsSpan().SequenceEqual(other) : left.Equals(right);
}
