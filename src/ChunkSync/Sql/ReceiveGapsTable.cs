using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The table <c>cloudsync_receive_gaps</c>: what is missing of each sender's stream.
/// <code>
/// SELECT site_id, from_db_version, from_seq, from_frag_offset, to_db_version FROM cloudsync_receive_gaps;
/// SELECT … FROM cloudsync_receive_gaps(?1);  -- of one sender
/// </code>
/// A row's from_* are resume_db_version, resume_seq, resume_frag_offset for <c>cloudsync_payload_chunks</c> at the sender, its
/// to_db_version is until_db_version. The last row of each sender has to_* NULL: what comes next. A sender that nothing was booked of has
/// no rows. idxNum: 1 when the hidden input is bound.</summary>
internal sealed unsafe class ReceiveGapsTable(Engine engine) : VirtualTable
{
    public const string Name = "cloudsync_receive_gaps";

    /// <summary>The hidden input: the argument of the table-valued function.</summary>
    public const int OnlySite = 7;

    private const int EstimatedRows = 10;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new ReceiveGapsTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Arguments = 1,
        Summary = "What has not arrived of the streams that cloudsync_payload_receive books, of all senders or of the one whose site id is"
            + " given; the last row of each sender is the open end.",
        Example = "SELECT from_db_version, from_seq, from_frag_offset, to_db_version, to_seq, to_frag_offset FROM cloudsync_receive_gaps(?1)",
    };

    public override string Declaration =>
        "CREATE TABLE x(site_id BLOB, from_db_version INTEGER, from_seq INTEGER, from_frag_offset INTEGER, to_db_version INTEGER,"
        + " to_seq INTEGER, to_frag_offset INTEGER, only_site_id HIDDEN)";

    public override int BestIndex(IndexInfo* plan)
    {
        int chosen = -1;
        for (int i = 0; i < plan->ConstraintCount; i++)
        {
            IndexConstraint constraint = plan->Constraints[i];
            if (constraint.Column != OnlySite || constraint.Operator != IndexConstraint.Equal)
            {
                continue;
            }

            if (constraint.Usable == 0)
            {
                // The input comes from a table that would be joined later: that order would lose it. Take another.
                return ResultCode.Constraint;
            }

            chosen = chosen < 0 ? i : chosen;
        }

        if (chosen >= 0)
        {
            plan->Usage[chosen].ArgumentIndex = 1;
            plan->Usage[chosen].Omit = 1;
        }

        plan->IndexNumber = chosen >= 0 ? 1 : 0;
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new ReceiveGapsCursor(engine);
}
