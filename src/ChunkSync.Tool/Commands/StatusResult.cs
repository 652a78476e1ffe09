using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>How a database is: what <c>cloudsync_status</c> says, its tables, its senders.</summary>
internal sealed record StatusResult(
    string Database,
    SiteId? SiteId,
    long DbVersion,
    long? Seq,
    long? SchemaHash,
    long Sites,
    string? ApplyRefused,
    string? SchemaCheck,
    long Waiting,
    long WaitingChanges,
    long WaitingBytes,
    long? WaitingOldest,
    long Fragments,
    long CheckDbversion,
    long CheckSeq,
    long SendDbversion,
    long Bytes,
    IReadOnlyList<TableStatus> Tables,
    IReadOnlyList<SenderStatus> Senders) : CommandResult("chunksync.status.v1")
{
    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.StatusResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        output.Line($"site      {SiteId}");
        output.Line($"version   {TextOutput.Number(DbVersion)}, sent up to {TextOutput.Number(SendDbversion)}, applied up to {TextOutput.Number(CheckDbversion)}");
        output.Line($"sites     {TextOutput.Number(Sites)} known");
        output.Line($"file      {TextOutput.Count(Bytes, "byte")}");
        output.Line(Waiting == 0
            ? "waiting   nothing"
            : $"waiting   {TextOutput.Count(Waiting, "row")}, {TextOutput.Count(WaitingChanges, "change")}, {TextOutput.Count(WaitingBytes, "byte")}{Since()}");
        if (Fragments > 0)
        {
            output.Line($"parts     {TextOutput.Count(Fragments, "long value")} of which parts are here");
        }

        output.Line();
        output.Table(["table", "crdt", ">rows", ">clocks", ">tombstones", ">bytes"], Tables.Select(table => (string[])
        [
            table.Table, table.Algo, Number(table.Rows), Number(table.Clocks), Number(table.Tombstones), Number(table.Bytes),
        ]));
        if (Senders.Count > 0)
        {
            output.Line();
            output.Table(["sender", ">arrived before", ">gaps", "first gap"], Senders.Select(sender => (string[])
            [
                sender.SiteId.ToString(), sender.Next.ToString(), TextOutput.Number(sender.Gaps.Count),
                sender.Gaps is [GapStatus gap, ..] ? $"{gap.From} – {gap.To}" : "",
            ]));
        }
    }

    private static string Number(long? value) => value is long number ? TextOutput.Number(number) : "–";

    private string Since() => WaitingOldest is long seconds
        ? ", since " + DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253402300799)).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : "";
}
