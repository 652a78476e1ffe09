using System.Globalization;

namespace ChunkSync.Tests.Histories;

/// <summary>The values of the histories as SQL literals: few, so that equal versions and equal values meet often.</summary>
internal static class HistoryValues
{
    private static readonly string[] Small = ["1", "'x'", "NULL", "2", "'y'", "x'00'", "0.5"];

    public static int Count => Small.Length + 1;

    /// <summary>A value. The last one is long: larger than the smallest chunk.</summary>
    public static string Literal(int number) => number % Count < Small.Length ? Small[number % Count] : $"zeroblob({270_000 + (number % 1000)})";

    /// <summary>An SQL literal of a value that was read.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "NULL",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double real => real.ToString("R", CultureInfo.InvariantCulture),
        string text => $"'{text}'",
        byte[] blob when blob.Length > 20 => $"a blob of {blob.Length} bytes",
        byte[] blob => $"x'{Convert.ToHexString(blob)}'",
        _ => value.ToString()!,
    };
}
