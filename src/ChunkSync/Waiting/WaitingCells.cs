using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Table <c>cloudsync_waiting_changes</c>: one change per cell. Somebody may have sent a million columns of one row that are not here:
/// nothing but what asks for all of them takes longer for that.</summary>
internal sealed unsafe class WaitingCells
{
    private const string Cells = "main." + WaitingTables.ChangesName;
    private const string OfRow = "tbl = ?1 AND pk = ?2";
    private const string Columns = "col_name, col_value, col_version, db_version, site_id, cl, seq, sender";

    /// <summary>Changes of a row that are read one behind the other; of more of them, those of known columns are sought.</summary>
    private const int MaxScan = 64;

    private readonly Connection connection;
    private readonly Statement load;
    private readonly Statement one;
    private readonly Statement range;
    private readonly Statement life;
    private readonly Statement insert;
    private readonly Statement replace;
    private readonly Statement remove;
    private readonly Statement removeOlder;

    public WaitingCells(Connection connection)
    {
        this.connection = connection;
        load = connection.Prepare($"SELECT {Columns} FROM {Cells} WHERE {OfRow}");
        one = connection.Prepare($"SELECT {Columns} FROM {Cells} WHERE {OfRow} AND col_name = ?3");
        range = connection.Prepare($"SELECT {Columns} FROM {Cells} WHERE {OfRow} AND col_name > ?3 AND col_name < ?4");
        life = connection.Prepare($"SELECT cl FROM {Cells} WHERE {OfRow} LIMIT 1");
        insert = connection.Prepare($"INSERT INTO {Cells}(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq, sender)"
            + " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT(tbl, pk, col_name) DO NOTHING");
        replace = connection.Prepare($"UPDATE {Cells} SET col_value = ?4, col_version = ?5, db_version = ?6, site_id = ?7, cl = ?8, seq = ?9, sender = ?10"
            + $" WHERE {OfRow} AND col_name = ?3");
        remove = connection.Prepare($"DELETE FROM {Cells} WHERE {OfRow} AND col_name = ?3");
        removeOlder = connection.Prepare($"DELETE FROM {Cells} WHERE {OfRow} AND cl < ?3");
    }

    /// <summary>The causal length of a row's changes; null where none waits.</summary>
    public long? Life(in ChangeRow row)
    {
        Bind(life, row);
        long? found = life.Step() ? life.Int64(0) : null;
        life.Reset();
        return found;
    }

    /// <summary>Adds all changes of a row to a list.</summary>
    public void Load(in ChangeRow row, RowChanges changes)
    {
        Bind(load, row);
        Read(load, row, changes, long.MaxValue);
    }

    /// <summary>Adds the changes of a row to a list that are of columns which the table has.</summary>
    /// <param name="row">Names the row.</param>
    /// <param name="table">The table; null where it is not tracked: then none is.</param>
    /// <param name="changes">The list, empty; keeps the bytes of <paramref name="other"/>, too.</param>
    /// <param name="other">One of the others; without a table where there is none, or none was seen.</param>
    /// <returns>Whether all changes of the row were looked at.</returns>
    public bool LoadKnown(in ChangeRow row, TrackedTable? table, RowChanges changes, out ChangeRow other)
    {
        Bind(load, row);
        bool isAll = Read(load, row, changes, MaxScan);
        int known = 0;
        other = default;
        Span<ChangeRow> all = changes.All;
        for (int i = 0; i < all.Length; i++)
        {
            if (table != null && MergeEngine.Knows(table, all[i]))
            {
                all[known++] = all[i];
            }
            else if (other.Table == null)
            {
                other = all[i];
            }
        }

        changes.Truncate(isAll || table == null ? known : 0);
        if (!isAll && table != null)
        {
            Seek(row, table, changes);
        }

        return isAll;
    }

    /// <summary>The change of a cell that is stored.</summary>
    /// <param name="change">Names the cell.</param>
    /// <param name="into">Gets it.</param>
    /// <param name="sender">Who sent it, where that is not the row's origin; else null.</param>
    /// <returns>False where none is.</returns>
    public bool TryRead(in ChangeRow change, RowChanges into, out byte[]? sender)
    {
        Bind(one, change);
        BindName(one, change);
        sender = null;
        try
        {
            if (!one.Step())
            {
                return false;
            }

            into.Add(Read(one, change, into));
            sender = one.IsNull(7) ? null : one.Blob(7).ToArray();
            return true;
        }
        finally
        {
            one.Reset();
        }
    }

    /// <summary>Stores a change unless one of its cell is stored.</summary>
    /// <param name="change">The change.</param>
    /// <param name="sender">Who sent it, where that is not the row's origin; else null.</param>
    /// <returns>False where one is.</returns>
    public bool TryAdd(in ChangeRow change, byte[]? sender)
    {
        Bind(insert, change, sender);
        insert.Run();
        return connection.Changes > 0;
    }

    /// <summary>Stores a change in the place of the one of its cell that is stored.</summary>
    /// <inheritdoc cref="TryAdd"/>
    public void Replace(in ChangeRow change, byte[]? sender)
    {
        Bind(replace, change, sender);
        replace.Run();
    }

    /// <summary>Drops the change of a cell.</summary>
    public void Remove(in ChangeRow change)
    {
        Bind(remove, change);
        BindName(remove, change);
        remove.Run();
    }

    /// <summary>Drops the changes of earlier lives of a row.</summary>
    public void RemoveOlder(in ChangeRow row, long causalLength)
    {
        Bind(removeOlder, row);
        removeOlder.Bind(3, causalLength);
        removeOlder.Run();
    }

    private void Seek(in ChangeRow row, TrackedTable table, RowChanges changes)
    {
        SeekName(row, SentinelColumn.Utf8, changes);
        foreach (TableColumn column in table.ValueColumns)
        {
            SeekName(row, column.ClockNameUtf8, changes);
            if (table.HasBlocks)
            {
                byte[] name = [.. column.ClockNameUtf8, TrackedTable.BlockSeparator];
                Bind(range, row);
                range.BindText(3, name);
                name[^1]++;
                range.BindText(4, name);
                Read(range, row, changes, long.MaxValue);
            }
        }
    }

    private void SeekName(in ChangeRow row, ReadOnlySpan<byte> name, RowChanges changes)
    {
        Bind(one, row);
        one.BindText(3, name);
        Read(one, row, changes, 1);
    }

    /// <returns>Whether all rows of the statement were read.</returns>
    private static bool Read(Statement statement, in ChangeRow row, RowChanges changes, long limit)
    {
        try
        {
            for (long i = 0; statement.Step(); i++)
            {
                if (i == limit)
                {
                    return false;
                }

                changes.Add(Read(statement, row, changes));
            }

            return true;
        }
        finally
        {
            statement.Reset();
        }
    }

    private static ChangeRow Read(Statement statement, in ChangeRow row, RowChanges changes)
    {
        ReadOnlySpan<byte> name = statement.Text(0);
        ReadOnlySpan<byte> site = statement.Blob(4);
        ChangeRow change = row with
        {
            Column = changes.Keep(name),
            ColumnLength = name.Length,
            Value = StoredValue.Read(statement, 1),
            ColumnVersion = statement.Int64(2),
            DbVersion = statement.Int64(3),
            Site = changes.Keep(site),
            SiteLength = site.Length,
            CausalLength = statement.Int64(5),
            Seq = statement.Int64(6),
        };
        if (change.Value.Kind is WireKind.Text or WireKind.Blob)
        {
            change.Value.Data = changes.Keep(change.Value.Bytes);
        }

        changes.HasOtherSenders |= !statement.IsNull(7);
        bool isSound = change.HasSoundNumbers && site.Length > 0 && statement.Type(2) == StorageClass.Integer && statement.Type(3) == StorageClass.Integer
            && statement.Type(5) == StorageClass.Integer && statement.Type(6) == StorageClass.Integer;
        return isSound ? change : throw Unreadable(row);
    }

    private static void Bind(Statement statement, in ChangeRow row)
    {
        statement.Reset();
        statement.BindStaticText(1, row.Table, row.TableLength).BindStaticBlob(2, row.KeyBytes);
    }

    private static void BindName(Statement statement, in ChangeRow change)
    {
        if (change.Column == null)
        {
            statement.BindText(3, SentinelColumn.Utf8);
        }
        else
        {
            statement.BindStaticText(3, change.Column, change.ColumnLength);
        }
    }

    private static void Bind(Statement statement, in ChangeRow change, byte[]? sender)
    {
        Bind(statement, change);
        BindName(statement, change);
        StoredValue.Bind(statement, 4, change.Value);
        statement.Bind(5, change.ColumnVersion).Bind(6, change.DbVersion).BindStaticBlob(7, change.Site, change.SiteLength)
            .Bind(8, change.CausalLength).Bind(9, change.Seq);
        _ = sender == null ? statement.BindNull(10) : statement.BindBlob(10, sender);
    }

    private static EngineException Unreadable(in ChangeRow row)
    {
        const int Shown = 64;
        ReadOnlySpan<byte> key = row.KeyBlob[..Math.Min(row.KeyLength, Shown)];
        return Errors.Corrupt($"cloudsync_waiting: a row of {WaitingTables.ChangesName} cannot be read (table"
            + $" {System.Text.Encoding.UTF8.GetString(row.TableName)}, pk X'{Convert.ToHexString(key)}'); see cloudsync_check");
    }
}
