using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The table <c>cloudsync_payload_chunks</c>: the changes of a window as payload chunks, from any position.
/// <code>
/// SELECT payload, is_final, next_db_version, next_seq, next_frag_offset, watermark_db_version
/// FROM cloudsync_payload_chunks WHERE since_db_version = 0 LIMIT 1;
/// -- the next page, and so on until is_final is 1:
/// SELECT … FROM cloudsync_payload_chunks
/// WHERE resume_db_version = ?1 AND resume_seq = ?2 AND resume_frag_offset = ?3 AND until_db_version = ?4 LIMIT 1;
/// </code>
/// idxNum: bit i (0-9) says that input i (see <see cref="ChunkColumns"/>) is bound, values come in that order; bit
/// <see cref="NeedsBody"/> says that payload or payload_size is read, so that bodies are built. Without it nothing is copied or
/// compressed.</summary>
internal sealed unsafe class PayloadChunksTable(Engine engine) : VirtualTable
{
    public const string Name = "cloudsync_payload_chunks";

    /// <summary>The bit of idxNum that asks for bodies.</summary>
    public const int NeedsBody = 1 << 16;

    /// <summary>One estimate for every scan, as in sqlite-sync: what is bound changes where a scan begins, not the rows a
    /// LIMIT 1 reads.</summary>
    private const int EstimatedRows = 10;

    private const ulong BodyColumns = (1UL << ChunkColumns.Payload) | (1UL << ChunkColumns.PayloadSize);

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new PayloadChunksTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Arguments = ChunkColumns.InputCount,
        Summary = "The changes of a window as payload chunks of bounded size, resumable at every chunk's next_* position.",
        Example = "SELECT payload, next_db_version, next_seq, next_frag_offset, is_final FROM cloudsync_payload_chunks"
            + " WHERE since_db_version = 0",
    };

    public override string Declaration => ChunkColumns.Declaration;

    public override int BestIndex(IndexInfo* plan)
    {
        int* chosen = stackalloc int[ChunkColumns.InputCount];
        new Span<int>(chosen, ChunkColumns.InputCount).Fill(-1);
        for (int i = 0; i < plan->ConstraintCount; i++)
        {
            IndexConstraint constraint = plan->Constraints[i];
            int input = ChunkColumns.InputColumns.IndexOf(constraint.Column);
            if (input < 0 || constraint.Operator != IndexConstraint.Equal)
            {
                continue;
            }

            if (constraint.Usable == 0)
            {
                // The input comes from a table that would be joined later: that order would lose it. Take another.
                return ResultCode.Constraint;
            }

            if (chosen[input] < 0)
            {
                chosen[input] = i;
            }
        }

        int argument = 0;
        int number = (plan->ColumnsUsed & BodyColumns) != 0 ? NeedsBody : 0;
        for (int input = 0; input < ChunkColumns.InputCount; input++)
        {
            if (chosen[input] >= 0)
            {
                plan->Usage[chosen[input]].ArgumentIndex = ++argument;
                plan->Usage[chosen[input]].Omit = 1;
                number |= 1 << input;
            }
        }

        plan->IndexNumber = number;
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new PayloadChunksCursor(engine);
}
