namespace ChunkSync.Sqlite;

/// <summary>The table <c>chunksync_connection</c>: no rows, not for users. <c>sqlite3_close</c> disconnects virtual tables before it
/// looks for statements that are still prepared; this one finalizes ours then, so that a host need not call anything first. No cached
/// statement of ours may read it: a statement keeps its tables connected.</summary>
internal sealed unsafe class StatementKeeper(Action disconnected) : VirtualTable
{
    public const string Name = "chunksync_connection";

    public override string Declaration => "CREATE TABLE x(event)";

    public override int BestIndex(IndexInfo* plan) => ResultCode.Ok;

    public override VirtualCursor Open() => new EmptyCursor();

    public override void Disconnect() => disconnected();
}
