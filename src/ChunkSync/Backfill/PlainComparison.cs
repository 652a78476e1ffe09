using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Comparisons of key values whose result is plain without asking SQLite. Where it is not (an INTEGER with a REAL, texts under
/// another collation than BINARY), the answer is null, and SQLite is asked.</summary>
internal static class PlainComparison
{
    private const string Binary = "BINARY";

    /// <summary>Whether <c>left IS right COLLATE collation</c>.</summary>
    public static bool? AreEqual(Value left, Value right, string collation)
    {
        KeyValue one = KeyValue.Of(left);
        KeyValue other = KeyValue.Of(right);
        if (one.Type != other.Type)
        {
            return IsNumber(one) && IsNumber(other) ? null : false;
        }

        switch (one.Type)
        {
            case StorageClass.Integer:
                return one.Integer == other.Integer;
            case StorageClass.Real:
                return one.Real == other.Real;
            case StorageClass.Null:
                return true;
            case StorageClass.Text when collation != Binary:
                return null;
            default:
                return one.Bytes.SequenceEqual(other.Bytes);
        }
    }

    /// <summary>Whether <c>left &lt; right COLLATE collation</c>, of values that are not NULL.</summary>
    public static bool? IsLess(Value left, Value right, string collation)
    {
        KeyValue one = KeyValue.Of(left);
        KeyValue other = KeyValue.Of(right);
        if (one.Type != other.Type || (one.Type == StorageClass.Text && collation != Binary))
        {
            return null;
        }

        return one.Type switch
        {
            StorageClass.Integer => one.Integer < other.Integer,
            StorageClass.Real => one.Real < other.Real,
            StorageClass.Null => null,
            _ => one.Bytes.SequenceCompareTo(other.Bytes) < 0,
        };
    }

    private static bool IsNumber(in KeyValue value) => value.Type is StorageClass.Integer or StorageClass.Real;
}
