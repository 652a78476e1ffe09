using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>What is said of payloads that cannot be applied.</summary>
internal static class PayloadErrors
{
    /// <summary>What the texts about rows and headers begin with.</summary>
    public const string Operation = "Error on cloudsync_payload_apply";

    private const string Prefix = Operation + ": ";

    /// <summary>The payload is none, or not the one that was sent.</summary>
    public static EngineException Malformed(string what) => Errors.Misuse(Prefix + what).As(FailureKind.Payload);

    /// <summary>There is no payload where one should be.</summary>
    public static EngineException NoPayload(string what) => Errors.Misuse("Error on cloudsync_payload_decode: " + what).As(FailureKind.Payload);

    /// <summary>The rows have another number of values than change rows.</summary>
    public static EngineException OtherColumns(int columns) =>
        Errors.Refused($"{Prefix}rows have {columns} values, change rows have {ChangeRowCodec.Columns}").As(FailureKind.Payload);

    /// <summary>A row cannot be decoded.</summary>
    /// <param name="fault">What is wrong.</param>
    /// <param name="row">Which row, from 0.</param>
    public static EngineException BadRow(in ChangeRowFault fault, long row) =>
        Errors.Refused(Prefix + fault.Describe(row)).As(FailureKind.Payload);

    /// <summary>The parts of a long value do not make it.</summary>
    public static EngineException BadFragment(string what) =>
        Errors.Misuse("Unable to apply a fragment: " + what).As(FailureKind.Payload);
}
