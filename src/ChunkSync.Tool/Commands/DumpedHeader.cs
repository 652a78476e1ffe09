using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;
using ChunkSync.Format;

namespace ChunkSync.Tool;

/// <summary>A payload's header (format A.1), and that of the envelope around it.</summary>
/// <param name="Kind">Which line it is: <c>header</c>.</param>
/// <param name="Version">The payload's version: 2, or 3 for a part of a long value.</param>
/// <param name="Writer">The sqlite-sync release that the writer is compatible with.</param>
/// <param name="Bytes">The payload's length.</param>
/// <param name="ExpandedBytes">The length of its rows, which are stored as they are where both are equal.</param>
/// <param name="Columns">Values per row.</param>
/// <param name="Rows">The number of changes.</param>
/// <param name="SchemaHash">The writer's schema.</param>
/// <param name="Checksum">The checksum, in hex.</param>
/// <param name="Sender">Who sent it, where it is in an envelope.</param>
/// <param name="From">Where it begins in the sender's stream.</param>
/// <param name="Next">Where it ends.</param>
/// <param name="IsFinal">Whether it is the last one of its window.</param>
internal sealed record DumpedHeader(
    string Kind,
    int Version,
    string Writer,
    long Bytes,
    long ExpandedBytes,
    int Columns,
    long Rows,
    string SchemaHash,
    string Checksum,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SiteId? Sender,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChunkCursor? From,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChunkCursor? Next,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? IsFinal) : CommandResult("chunksync.dump.v1")
{
    /// <summary>Reads it; the body is not looked at.</summary>
    /// <exception cref="ToolException">It is none.</exception>
    public static DumpedHeader Read(ReadOnlySpan<byte> payload, ChunkEnvelope? envelope)
    {
        if (envelope is { Payload.IsEmpty: true })
        {
            return new DumpedHeader("header", 0, "", 0, 0, 0, 0, "", "", envelope.Sender, envelope.From, envelope.Next, envelope.IsFinal);
        }

        if (payload.Length < ContainerHeader.Length)
        {
            throw new ToolException(
                ExitCode.Database, "payload", $"{TextOutput.Count(payload.Length, "byte")} are no payload: its header alone has {ContainerHeader.Length}");
        }

        ContainerHeader header = ContainerHeader.Read(payload);
        if (!header.HasMagic)
        {
            throw new ToolException(ExitCode.Database, "payload", "not a payload: it does not begin with CLSY");
        }

        return new DumpedHeader(
            "header",
            header.Version,
            string.Create(CultureInfo.InvariantCulture, $"{payload[5]}.{payload[6]}.{payload[7]}"),
            payload.Length,
            header.ExpandedSize == 0 ? payload.Length - ContainerHeader.Length : header.ExpandedSize,
            header.Columns,
            header.Rows,
            ((long)header.SchemaHash).ToString(CultureInfo.InvariantCulture),
            header.Checksum.ToString("x12", CultureInfo.InvariantCulture),
            envelope?.Sender,
            envelope?.From,
            envelope?.Next,
            envelope?.IsFinal);
    }

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.DumpedHeader;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        if (Sender is SiteId sender)
        {
            output.Line($"envelope  of {sender}, from {From} to {Next}{(IsFinal == true ? ", final" : "")}");
        }

        output.Line(Version == 0
            ? "payload   none: nothing was there"
            : $"payload   version {Version}, {TextOutput.Count(Bytes, "byte")}, expanded {TextOutput.Number(ExpandedBytes)}, {TextOutput.Count(Rows, "change")},"
                + $" schema {SchemaHash}, checksum {Checksum}");
    }
}
