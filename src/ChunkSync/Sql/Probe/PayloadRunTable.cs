using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Probe;

/// <summary>The table <c>cloudsync_payload_run</c>: the rows of a source sorted by table, key, position and chain, as payloads. Of a run that was
/// stored with indexes of level 3, a probe with <c>chain_order = 'key'</c> opens the chunks of a key alone.
/// <code>
/// INSERT INTO run SELECT chunk_index, cloudsync_payload_index(payload, 3), payload FROM cloudsync_payload_run('staged');
/// </code>
/// SQLite's sorter does the work, so that memory stays bounded. idxNum: bits 0-1 say which input is given.</summary>
internal sealed unsafe class PayloadRunTable(Connection connection) : VirtualTable
{
    public const string Name = "cloudsync_payload_run";

    /// <summary>One key costs one chunk: small ones, and the ratio hardly suffers.</summary>
    private const long DefaultSize = 65_536;

    private const int Payload = 0;
    private const int ChunkIndex = 1;
    private const int PayloadSize = 2;
    private const int Rows = 3;
    private const int FirstInput = 4;
    private const int Source = 0;
    private const int MaxChunkSize = 1;
    private const int InputCount = 2;

    /// <summary>It reads and sorts everything: whatever gives it its inputs comes first.</summary>
    private const double Cost = 1e7;
    private const int EstimatedRows = 1000;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new PayloadRunTable(((Engine)state).Session.Connection))
    {
        InSchema = SchemaUse.DirectOnly,
        Arguments = InputCount,
        Summary = "The rows of stored chunks sorted by table and key, as payloads of 64 KiB or the given size.",
        Example = "SELECT chunk_index, cloudsync_payload_index(payload, 3), payload FROM cloudsync_payload_run('staged')",
    };

    public override string Declaration =>
        "CREATE TABLE x(payload BLOB, chunk_index INTEGER, payload_size INTEGER, rows INTEGER, source HIDDEN, max_chunk_size HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => HiddenInputs.Plan(plan, FirstInput, InputCount, Cost, EstimatedRows);

    public override VirtualCursor Open() => new Cursor(connection);

    private sealed class Cursor(Connection connection) : VirtualCursor
    {
        private readonly ProbePage page = new();
        private Statement? sorted;
        private PayloadStaging? staging;
        private bool hasRow;

        public override bool Eof => sorted == null;

        public override long RowId => page.Number;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Stop();
            Span<Value> inputs = stackalloc Value[InputCount];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            string source = ProbeInputs.SourceText(inputs[Source], Name);
            long size = inputs[MaxChunkSize].IsGiven ? ProbeArguments.Integer(inputs[MaxChunkSize], "max_chunk_size", Name) : 0;
            size = size <= 0 ? DefaultSize : Math.Min(size, ProbeOptions.LargestMaxSize);
            try
            {
                string from = ChunkSources.Require(connection, source, out string ordinal);
                sorted = connection.Prepare($"SELECT r.encoded, r.payload_version, r.schema_hash FROM {from} AS s, {PayloadRowsTable.Name}(s.payload) AS r"
                    + $" ORDER BY lower(r.tbl) COLLATE BINARY, r.pk, r.db_version, r.seq, {ordinal}, r.row_index");
            }
            catch (ProbeException failure)
            {
                throw ProbeException.Named(failure, Name);
            }

            staging = new PayloadStaging(size, keepsBytes: true);
            page.Number = -1;
            try
            {
                hasRow = sorted.Step();
                Next();
            }
            catch
            {
                Stop();
                throw;
            }
        }

        public override void Next()
        {
            while (hasRow)
            {
                ContainerHeader header = new() { Version = (byte)sorted!.Int64(1), SchemaHash = (ulong)sorted.Int64(2) };
                ReadOnlySpan<byte> row = sorted.Blob(0);
                if (!staging!.IsEmpty && (!staging.Fits(header) || row.Length > staging.Room))
                {
                    break;
                }

                fixed (byte* bytes = row)
                {
                    staging.Append(header, bytes, row.Length, 1);
                }

                hasRow = sorted.Step();
            }

            if (staging!.IsEmpty)
            {
                Stop();
                return;
            }

            page.SetStaged(staging, compress: true, needsPayload: true);
            page.Number++;
            staging.Clear();
        }

        public override void Column(nint context, int column)
        {
            switch (column)
            {
                case Payload:
                    Result.Blob(context, page.Payload.Bytes);
                    break;
                case ChunkIndex:
                    Result.Int64(context, page.Number);
                    break;
                case PayloadSize:
                    Result.Int64(context, page.Payload.Length);
                    break;
                case Rows:
                    Result.Int64(context, page.Rows);
                    break;
                default:
                    Result.Null(context);
                    break;
            }
        }

        public override void Close()
        {
            Stop();
            page.Dispose();
        }

        private void Stop()
        {
            sorted?.Dispose();
            staging?.Dispose();
            sorted = null;
            staging = null;
            hasRow = false;
        }
    }
}
