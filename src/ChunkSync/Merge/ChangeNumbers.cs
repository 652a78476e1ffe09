using System.Text;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Refuses changes whose numbers would end the clocks that take them (see <see cref="VersionLimits"/>).</summary>
internal static class ChangeNumbers
{
    /// <summary>Checks a change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="operation">What the message begins with.</param>
    /// <exception cref="EngineException">Names the field, the table and the value.</exception>
    public static void Check(in ChangeRow change, string operation)
    {
        if (!change.HasSoundNumbers)
        {
            throw Failure(change, operation);
        }
    }

    private static EngineException Failure(in ChangeRow change, string operation)
    {
        (string field, long value, string rule) = change switch
        {
            { DbVersion: >= VersionLimits.DbVersionEnd } => ("db_version", change.DbVersion, "below " + VersionLimits.DbVersionEnd),
            { ColumnVersion: < 0 or >= VersionLimits.ColumnVersionEnd } =>
                ("col_version", change.ColumnVersion, "from 0 to " + (VersionLimits.ColumnVersionEnd - 1)),
            _ => ("cl", change.CausalLength, "from 0 to " + VersionLimits.MaxCausalLength),
        };
        return Errors.Refused($"{operation}: {field} of a change of table"
            + $" {Encoding.UTF8.GetString(change.TableName)} is {value}, it must be {rule}").As(FailureKind.Payload);
    }
}
