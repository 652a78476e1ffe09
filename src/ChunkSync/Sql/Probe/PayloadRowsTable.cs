using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Probe;

/// <summary>The table <c>cloudsync_payload_rows</c>: any payload as change rows, also one that is not for this database.
/// <code>
/// SELECT tbl, pk, coalesce(frag_column, col_name) AS col, col_value FROM cloudsync_payload_rows(?1);
/// SELECT count(*), sum(length(encoded)) FROM cloudsync_payload_rows(?1, 0);   -- without a look at the checksum
/// </code>
/// Rows are decoded as they are asked for, column by column; those before a broken one come out. Of a fragment, col_name and col_value are
/// what the wire has: the fragment's name and its bytes. idxNum: bits 0-1 say which input is given.</summary>
internal sealed unsafe class PayloadRowsTable : VirtualTable
{
    public const string Name = "cloudsync_payload_rows";

    private const int Tbl = 0;
    private const int Pk = 1;
    private const int ColName = 2;
    private const int ColValue = 3;
    private const int ColVersion = 4;
    private const int DbVersion = 5;
    private const int SiteId = 6;
    private const int Cl = 7;
    private const int Seq = 8;
    private const int RowIndex = 9;
    private const int RowOffset = 10;
    private const int Encoded = 11;
    private const int PayloadVersion = 12;
    private const int SchemaHash = 13;
    private const int FragColumn = 14;
    private const int FragValueId = 15;
    private const int FragPart = 16;
    private const int FragParts = 17;
    private const int FragTotalSize = 18;
    private const int FirstInput = 19;
    private const int Payload = 0;
    private const int Verify = 1;
    private const int InputCount = 2;

    /// <summary>Reading one payload is cheap; how many rows it has is not known before.</summary>
    private const double Cost = 1000;
    private const int EstimatedRows = 1000;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, _ => new PayloadRowsTable())
    {
        InSchema = SchemaUse.Innocuous,
        Arguments = InputCount,
        Summary = "The change rows of any payload, with their place in it, their encoded bytes, and what a fragment's name says.",
        Example = "SELECT r.tbl, r.col_name, r.col_value, r.db_version, r.seq FROM cloudsync_payload_chunks AS c,"
            + " cloudsync_payload_rows(c.payload) AS r WHERE c.since_db_version = 0",
    };

    public override string Declaration =>
        "CREATE TABLE x(tbl TEXT, pk BLOB, col_name TEXT, col_value, col_version INTEGER, db_version INTEGER, site_id BLOB, cl INTEGER,"
        + " seq INTEGER, row_index INTEGER, row_offset INTEGER, encoded BLOB, payload_version INTEGER, schema_hash INTEGER, frag_column TEXT,"
        + " frag_value_id TEXT, frag_part INTEGER, frag_parts INTEGER, frag_total_size INTEGER, payload HIDDEN, verify HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => HiddenInputs.Plan(plan, FirstInput, InputCount, Cost, EstimatedRows);

    public override VirtualCursor Open() => new Cursor();

    private sealed class Cursor : VirtualCursor
    {
        /// <summary>The uncompressed rows, kept because the argument's own bytes go when the scan has begun.</summary>
        private readonly NativeBuffer body = new();
        private ContainerHeader header;
        private ChangeRowWalker row;
        private bool isOpen;

        public override bool Eof => !isOpen;

        public override long RowId => row.Row;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            isOpen = false;
            Span<Value> inputs = stackalloc Value[InputCount];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            bool verify = !inputs[Verify].IsGiven || ProbeArguments.Integer(inputs[Verify], "verify", Name) != 0;
            if (!inputs[Payload].IsGiven)
            {
                return;
            }

            try
            {
                ReadOnlySpan<byte> payload = ProbeArguments.Payload(inputs[Payload]);
                fixed (byte* bytes = payload)
                {
                    header = PayloadCheck.ReadHeader(payload, payload.Length);
                    byte* rows = PayloadCheck.Open(header, bytes, payload.Length, verify, PayloadContainer.MaxBody, body, out long size);
                    if (header.ExpandedSize == 0)
                    {
                        body.Clear();
                        body.Append(rows, size);
                    }

                    row = new ChangeRowWalker(body.Data, size);
                }
            }
            catch (DamagedChunkException damage)
            {
                throw ProbeException.Named(damage, Name);
            }

            isOpen = true;
            Next();
        }

        public override void Next()
        {
            try
            {
                isOpen = row.Row + 1 < header.Rows;
                if (isOpen)
                {
                    row.Next();
                }
                else
                {
                    row.CheckEnd();
                }
            }
            catch (DamagedChunkException damage)
            {
                isOpen = false;
                throw ProbeException.Named(damage, Name);
            }
        }

        public override void Column(nint context, int column)
        {
            switch (column)
            {
                case Tbl:
                    Result.Text(context, row.TableName);
                    break;
                case Pk:
                    Result.Blob(context, row.KeyBlob);
                    break;
                case ColName when row.Column != null:
                    Result.Text(context, row.ColumnName);
                    break;
                case ColValue:
                    Value(context);
                    break;
                case SiteId:
                    Result.Blob(context, row.SiteId);
                    break;
                case Encoded:
                    Result.Blob(context, new ReadOnlySpan<byte>(row.Data, (int)row.Length));
                    break;
                case >= FragColumn and <= FragTotalSize:
                    Fragment(context, column);
                    break;
                case ColName or >= FirstInput:
                    Result.Null(context);
                    break;
                case ColVersion or Cl:
                    Number(context, column);
                    break;
                default:
                    Result.Int64(context, column switch
                    {
                        DbVersion => row.Position.DbVersion,
                        Seq => row.Position.Seq,
                        RowIndex => row.Row,
                        RowOffset => row.Offset,
                        PayloadVersion => header.Version,
                        SchemaHash => (long)header.SchemaHash,
                        _ => throw Errors.NoColumn(Name, column),
                    });
                    break;
            }
        }

        public override void Close()
        {
            body.Dispose();
            isOpen = false;
        }

        private ValueReader ReaderAtValue() => new(body.Data + row.ValueOffset, row.Offset + row.Length - row.ValueOffset);

        private void Value(nint context)
        {
            ValueReader reader = ReaderAtValue();
            reader.TryRead(out WireValue value);
            StoredValue.Return(context, value);
        }

        /// <summary>col_version stands behind the value, cl behind the site.</summary>
        private void Number(nint context, int column)
        {
            ValueReader reader = ReaderAtValue();
            reader.TrySkip();
            reader.TryRead(out WireValue value);
            if (column == Cl)
            {
                reader.TrySkip();
                reader.TrySkip();
                reader.TryRead(out value);
            }

            StoredValue.Return(context, value);
        }

        private void Fragment(nint context, int column)
        {
            bool isPart = header.Version == ContainerHeader.FragmentVersion && row.Column != null;
            if (!isPart || !FragmentName.TryParse(row.ColumnName, out FragmentName name))
            {
                Result.Null(context);
                return;
            }

            switch (column)
            {
                case FragColumn:
                    Result.Text(context, name.Column);
                    break;
                case FragValueId:
                    Result.Text(context, name.ValueId);
                    break;
                default:
                    Result.Int64(context, column == FragPart ? name.PartIndex : column == FragParts ? name.PartCount : name.TotalSize);
                    break;
            }
        }
    }
}
