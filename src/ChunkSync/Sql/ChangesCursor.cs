using ChunkSync.Changes;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>One scan of <c>cloudsync_changes</c>.</summary>
internal sealed unsafe class ChangesCursor(Engine engine) : VirtualCursor
{
    /// <summary>Bits of a rowid that hold seq (behaviour F.1).</summary>
    public const int SeqBits = 30;

    private ChangeStream? stream;
    private bool hasRow;

    public override bool Eof => !hasRow;

    public override long RowId => (stream!.Current.DbVersion << VersionLimits.SeqBits) | stream.Current.Seq;

    public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
    {
        Close();
        if (!engine.Session.IsInitialized || engine.Catalog.All.Count == 0)
        {
            throw ChangesTable.NoTables(engine);
        }

        ScanRange range = new() { FromDbVersion = long.MinValue, ToDbVersion = long.MaxValue };
        long fromSeq = long.MinValue;
        bool exactVersion = false;
        for (int i = 0; i < count; i++)
        {
            Narrow(range, indexString[2 * i] - '0', (char)indexString[(2 * i) + 1], new Value(arguments[i]), ref fromSeq, ref exactVersion);
        }

        if (exactVersion && fromSeq != long.MinValue)
        {
            range.Start = ScanStart.Position;
            range.FromSeq = fromSeq;
        }

        stream = engine.Changes.Rent(range.OnlyTable);
        stream.Start(range);
        hasRow = stream.MoveNext();
    }

    public override void Next() => hasRow = stream!.MoveNext();

    public override void Column(nint context, int column)
    {
        ref readonly ChangeRow change = ref stream!.Current;
        switch (column)
        {
            case ChangesTable.Table:
                Result.Text(context, change.TableName);
                break;
            case ChangesTable.Key:
                Result.Blob(context, change.KeyBlob);
                break;
            case ChangesTable.Column:
                Result.Text(context, change.ColumnName);
                break;
            case ChangesTable.Value:
                ReturnValue(context, change.Value);
                break;
            case ChangesTable.ColumnVersion:
                Result.Int64(context, change.ColumnVersion);
                break;
            case ChangesTable.DbVersion:
                Result.Int64(context, change.DbVersion);
                break;
            case ChangesTable.Site:
                Result.Blob(context, change.SiteId);
                break;
            case ChangesTable.CausalLength:
                Result.Int64(context, change.CausalLength);
                break;
            default:
                Result.Int64(context, change.Seq);
                break;
        }
    }

    public override void Close()
    {
        hasRow = false;
        if (stream != null)
        {
            engine.Changes.Return(stream);
            stream = null;
        }
    }

    /// <summary>Narrows the scan by one constraint. Values that are not integers (or not of the column's class) narrow nothing:
    /// SQLite compares them itself.</summary>
    private void Narrow(ScanRange range, int column, char op, Value value, ref long fromSeq, ref bool exactVersion)
    {
        bool integer = value.Type == StorageClass.Integer;
        switch (column)
        {
            case ChangesTable.Table when value.Type == StorageClass.Text:
                range.OnlyTable = value.Text.ToArray();
                break;
            case ChangesTable.Site when value.Type == StorageClass.Blob:
                long? ordinal = engine.Session.Sites.Find(value.Blob);
                range.Filter = ordinal == null ? SiteFilter.None : SiteFilter.Only;
                range.SiteOrdinal = ordinal ?? 0;
                break;
            case ChangesTable.DbVersion when integer:
                long version = value.Int64;
                exactVersion |= op == '=';
                Bound(range, op, version);
                break;
            case ChangesTable.Seq when integer:
                long seq = value.Int64;
                fromSeq = Math.Max(fromSeq, op == '>' && seq < long.MaxValue ? seq + 1 : seq);
                break;
        }
    }

    private static void Bound(ScanRange range, char op, long version)
    {
        if (op is '=' or 'g' or '>')
        {
            if (op == '>' && version == long.MaxValue)
            {
                range.Filter = SiteFilter.None;
                return;
            }

            range.FromDbVersion = Math.Max(range.FromDbVersion, op == '>' ? version + 1 : version);
        }

        if (op is '=' or 'l' or '<')
        {
            if (op == '<' && version == long.MinValue)
            {
                range.Filter = SiteFilter.None;
                return;
            }

            range.ToDbVersion = Math.Min(range.ToDbVersion, op == '<' ? version - 1 : version);
        }
    }

    private void ReturnValue(nint context, in WireValue value)
    {
        if (value.IsElsewhere)
        {
            ReturnData(context, value);
        }
        else
        {
            StoredValue.Return(context, value);
        }
    }

    /// <summary>Reads the value into memory that SQLite takes over.</summary>
    private void ReturnData(nint context, in WireValue value)
    {
        byte* memory = Sqlite3.Allocate(value.Length);
        try
        {
            stream!.ReadData(0, memory, (int)value.Length);
        }
        catch
        {
            Sqlite3.Free(memory);
            throw;
        }

        if (value.Kind == WireKind.Text)
        {
            Result.OwnedText(context, memory, value.Length);
        }
        else
        {
            Result.OwnedBlob(context, memory, value.Length);
        }
    }
}
