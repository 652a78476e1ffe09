using ChunkSync.Chunks;

namespace ChunkSync.Receive;

/// <summary>The order of cursors: by db_version, then seq, then the offset inside that position.</summary>
internal static class ResumePointOrder
{
    /// <summary>Below 0 when <paramref name="left"/> comes first, 0 when both are the same place.</summary>
    public static int CompareTo(this ResumePoint left, ResumePoint right)
    {
        int order = left.ComparePosition(right);
        return order != 0 ? order : left.Offset.CompareTo(right.Offset);
    }

    /// <summary>Compares (db_version, seq) alone.</summary>
    public static int ComparePosition(this ResumePoint left, ResumePoint right)
    {
        int order = left.DbVersion.CompareTo(right.DbVersion);
        return order != 0 ? order : left.Seq.CompareTo(right.Seq);
    }

    public static ResumePoint Max(ResumePoint left, ResumePoint right) => left.CompareTo(right) < 0 ? right : left;

    /// <summary>A cursor as messages show it.</summary>
    public static string Describe(this ResumePoint cursor) => $"({cursor.DbVersion}, {cursor.Seq}, {cursor.Offset})";
}
