using System.Text;
using ChunkSync.Tests.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Consistency;

/// <summary>A pk blob as people read it.</summary>
internal static class KeyDescription
{
    /// <summary>The key's values, as <c>('k1', 2)</c>; the blob itself when it is none.</summary>
    public static string Of(ReadOnlySpan<byte> pk)
    {
        byte[] left = pk.IsEmpty ? [] : pk[1..].ToArray();
        List<string> values = [];
        while (left.Length > 0 && NaiveValue.TryRead(left, out object? value, out int used))
        {
            values.Add(value is RawText text ? $"'{Encoding.UTF8.GetString(text.Bytes)}'" : FixtureValues.Describe(value));
            left = left[used..];
        }

        string blob = $"x'{Convert.ToHexString(pk)}'";
        return left.Length > 0 || pk.IsEmpty || values.Count != pk[0] ? blob : $"({string.Join(", ", values)}) = {blob}";
    }
}
