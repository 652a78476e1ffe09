using System.Globalization;
using System.Text;
using ChunkSync.Backfill;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Backfill;

/// <summary>The table <c>cloudsync_backfill_plan</c>: any table in exact pieces, each with the WHERE clause that reads it.
/// <code>
/// SELECT chunk_index, rows, source, predicate FROM cloudsync_backfill_plan('items', 100000);
/// </code>
/// idxNum: bits 0-11 say which input is given. Column <c>strategy</c> says how a chunk ends; compared with <c>=</c> it is the input of that
/// name, whose hidden column has to be called otherwise.</summary>
internal sealed unsafe class BackfillPlanTable(Engine engine) : VirtualTable
{
    private const int ChunkIndex = 0;
    private const int Rows = 1;
    private const int Bytes = 2;
    private const int Exact = 3;
    private const int Predicate = 4;
    private const int Source = 5;
    private const int WhereBind = 6;
    private const int BindValues = 7;
    private const int Lower = 8;
    private const int LowerInclusive = 9;
    private const int Upper = 10;
    private const int UpperInclusive = 11;
    private const int Ranges = 12;
    private const int Strategy = 13;
    private const int Hot = 14;
    private const int Lineage = 15;
    private const int PlanId = 16;
    private const int ChunkId = 17;
    private const int Digest = 18;
    private const int Continuation = 19;
    private const int IsFinal = 20;
    private const int FirstInput = 21;

    /// <summary>Tables that give it its inputs come first.</summary>
    private const double Cost = 1e6;
    private const int EstimatedRows = 1000;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        PlanFailure.Name, Writable: false, Transactional: false, state => new BackfillPlanTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Arguments = BackfillInputs.Count,
        Summary = "Any table in exact, even pieces: one row per chunk, with the WHERE clause that reads it. Writes nothing.",
        Example = "SELECT chunk_index, rows, source, predicate FROM cloudsync_backfill_plan('items', 100000)",
    };

    public override string Declaration =>
        "CREATE TABLE x(chunk_index INTEGER, rows INTEGER, bytes INTEGER, exact INTEGER, predicate TEXT, source TEXT, where_bind TEXT,"
        + " bind_values TEXT, lower TEXT, lower_inclusive INTEGER, upper TEXT, upper_inclusive INTEGER, ranges INTEGER, strategy TEXT,"
        + " hot TEXT, lineage TEXT, plan_id TEXT, chunk_id TEXT, digest TEXT, next BLOB, is_final INTEGER, "
        + BackfillInputs.Declaration + ")";

    public override int BestIndex(IndexInfo* plan)
    {
        if (!HiddenInputs.TryPlan(plan, FirstInput, BackfillInputs.Count, out int given, Strategy, BackfillInputs.Strategy))
        {
            return ResultCode.Constraint;
        }

        plan->IndexNumber = given;
        plan->EstimatedCost = Cost;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        /// <summary>The most bytes of a hot value in column lineage, before an ellipsis of three.</summary>
        private const int ShownBytes = 61;

        private BackfillPlan? plan;

        public override bool Eof => plan == null;

        public override long RowId => plan!.Index;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Close();
            Span<Value> inputs = stackalloc Value[BackfillInputs.Count];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            PlanInputs asked = BackfillInputs.Read(inputs);
            Value resume = inputs[BackfillInputs.Resume];
            bool isResumed = resume.IsGiven;
            ReadOnlySpan<byte> token = isResumed && resume.Type == StorageClass.Blob ? resume.Blob : default;
            plan = BackfillPlan.Open(engine.Session.Connection, engine.Tick, asked, token, isResumed);
            Next();
        }

        public override void Next()
        {
            bool moved = false;
            try
            {
                moved = plan!.MoveNext();
            }
            finally
            {
                if (!moved)
                {
                    Close();
                }
            }
        }

        public override void Column(nint context, int column)
        {
            BackfillPlan chunk = plan!;
            switch (column)
            {
                case Bytes when chunk.Bytes == null:
                case Lower when chunk.Lower == null:
                case LowerInclusive when chunk.Lower == null:
                case Upper when chunk.Upper == null:
                case UpperInclusive when chunk.Upper == null:
                case Continuation when chunk.Upper == null:
                case >= FirstInput:
                    Result.Null(context);
                    break;
                case Continuation:
                    NativeBuffer token = chunk.Next()!;
                    Result.Blob(context, token.Bytes);
                    break;
                case Hot or Lineage:
                    ShowHot(context, column);
                    break;
                case Predicate or Source or WhereBind or BindValues or Lower or Upper or Strategy or PlanId or ChunkId or Digest:
                    ReturnText(context, Text(column));
                    break;
                default:
                    Result.Int64(context, Number(column));
                    break;
            }
        }

        public override void Close()
        {
            plan?.Dispose();
            plan = null;
        }

        private static void ReturnText(nint context, string text) => Result.Text(context, text);

        private static string Hex(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);

        private long Number(int column) => column switch
        {
            ChunkIndex => plan!.Index,
            Rows => plan!.Rows,
            Bytes => plan!.Bytes!.Value,
            Exact => plan!.IsExact ? 1 : 0,
            LowerInclusive => plan!.Lower!.IsAfter ? 0 : 1,
            UpperInclusive => plan!.Upper!.IsAfter ? 1 : 0,
            Ranges => plan!.Ranges.Count,
            IsFinal => plan!.Upper == null ? 1 : 0,
            _ => throw Errors.NoColumn(PlanFailure.Name, column),
        };

        private string Text(int column) => column switch
        {
            Predicate => plan!.Writer.Literal(plan.Ranges, plan.Lower, plan.Upper),
            Source => plan!.Key.Source,
            WhereBind => plan!.Writer.Bound(plan.Ranges, []),
            BindValues => Bound(),
            Lower => Json(plan!.Lower!.Values, plan.Lower.Length),
            Upper => Json(plan!.Upper!.Values, plan.Upper.Length),
            Strategy => plan!.Strategy,
            PlanId => Hex(plan!.PlanId),
            ChunkId => Hex(plan!.ChunkId),
            Digest => Hex(plan!.Digest),
            _ => throw Errors.NoColumn(PlanFailure.Name, column),
        };

        private string Bound()
        {
            List<(bool OfUpper, int Column)> values = [];
            plan!.Writer.Bound(plan.Ranges, values);
            StringBuilder json = new("[");
            for (int i = 0; i < values.Count; i++)
            {
                json.Append(i > 0 ? "," : "");
                Cut cut = values[i].OfUpper ? plan.Upper! : plan.Lower!;
                ValueText.AppendJson(json, cut.Values[values[i].Column], plan.Key.Encoding);
            }

            return json.Append(']').ToString();
        }

        private string Json(KeyTuple values, int count)
        {
            StringBuilder json = new("[");
            for (int i = 0; i < count; i++)
            {
                json.Append(i > 0 ? "," : "");
                ValueText.AppendJson(json, values[i], plan!.Key.Encoding);
            }

            return json.Append(']').ToString();
        }

        private void ShowHot(nint context, int column)
        {
            int shared = plan!.Hot(out KeyTuple? first);
            using KeyTuple? values = first;
            if (column == Lineage)
            {
                ReturnText(context, LineageOf(values, shared));
            }
            else if (shared == 0)
            {
                Result.Null(context);
            }
            else
            {
                ReturnText(context, Json(values!, shared));
            }
        }

        /// <summary>What all rows share, and how the chunk ends.</summary>
        private string LineageOf(KeyTuple? values, int shared)
        {
            StringBuilder text = new();
            for (int i = 0; i < shared; i++)
            {
                StringBuilder value = new();
                ValueText.AppendJson(value, values![i], plan!.Key.Encoding);
                string plain = values[i].Type == StorageClass.Text && value[0] == '"' ? ValueText.PlainText(values[i], plan.Key.Encoding)! : value.ToString();
                text.Append(plan.Key.Columns[i].Name).Append('=').Append(Shown(plain)).Append(" > ");
            }

            if (plan!.Upper != null)
            {
                text.Append(plan.Key.Columns[plan.Upper.Length - 1].Name).Append(' ');
            }

            return text.Append(plan.Strategy).ToString();
        }

        private static string Shown(string value)
        {
            int length = 0;
            int bytes = 0;
            foreach (Rune rune in value.EnumerateRunes())
            {
                bytes += rune.Utf8SequenceLength;
                if (bytes > ShownBytes)
                {
                    return value[..length] + "…";
                }

                length += rune.Utf16SequenceLength;
            }

            return value;
        }
    }
}
