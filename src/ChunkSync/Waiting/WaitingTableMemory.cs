using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Remembers whether changes of a table's rows wait at all, so that rows that follow each other look it up once.</summary>
internal sealed unsafe class WaitingTableMemory(Connection connection)
{
    private readonly Statement find = connection.Prepare($"SELECT 1 FROM main.{WaitingTables.RowsName} WHERE tbl = ?1 LIMIT 1");
    private byte[] table = [];
    private int length = -1;
    private bool isAny;

    /// <summary>Whether anything waits of a change's table.</summary>
    public bool Any(in ChangeRow change)
    {
        if (!Knows(change))
        {
            length = -1;
            if (table.Length < change.TableLength)
            {
                table = new byte[change.TableLength];
            }

            change.TableName.CopyTo(table);
            find.Reset();
            find.BindStaticText(1, change.Table, change.TableLength);
            isAny = find.Step();
            find.Reset();
            length = change.TableLength;
        }

        return isAny;
    }

    /// <summary>Whether it is remembered of a change's table.</summary>
    public bool Knows(in ChangeRow change) => length == change.TableLength && change.TableName.SequenceEqual(table.AsSpan(0, length));

    /// <summary>A row of a table waits from now on.</summary>
    public void NoteAny(in ChangeRow row)
    {
        if (Knows(row))
        {
            isAny = true;
        }
        else
        {
            // Names are the same in other letters, too.
            Forget();
        }
    }

    /// <summary>What waits may have changed.</summary>
    public void Forget() => length = -1;
}
