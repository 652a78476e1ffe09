using ChunkSync.Backfill;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The function that statements of a plan call, for every entry that they visit.</summary>
internal static unsafe class BackfillTick
{
    public const string Name = "chunksync_backfill_tick";

    /// <summary>How SQLite registers it. It is not deterministic: SQLite must call it for every row.</summary>
    public static FunctionDefinition Definition { get; } = new(Name, -1, &Tick)
    {
        InSchema = SchemaUse.DirectOnly,
        CanBeIdle = true,
        Summary = "Internal: how a backfill plan counts the entries it visits. By itself: how many plans of this connection have visited so far.",
        Example = "SELECT chunksync_backfill_tick()",
    };

    private static void Tick(in Call call)
    {
        TickPlace place = ((Engine)call.State).Tick;
        ITicking? current = place.Current;
        if (current != null)
        {
            place.Settle();
            current.Tick(in call);
            return;
        }

        call.Return(place.Entries);
    }
}
