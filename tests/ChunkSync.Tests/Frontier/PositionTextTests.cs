using System.Text.Json;
using ChunkSync.Frontier;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Frontier;

public sealed class PositionTextTests
{
    [Fact]
    public void Between_gives_the_recorded_positions()
    {
        foreach (string line in File.ReadLines(Fixtures.File("tree/positions.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            string? after = root.GetProperty("after").GetString();
            string? before = root.GetProperty("before").GetString();
            string expected = root.TryGetProperty("error", out JsonElement error) ? error.GetString()! : root.GetProperty("between").GetString()!;
            Assert.Equal($"{after}..{before}: {expected}", $"{after}..{before}: {Answer(after, before)}");
        }
    }

    [Fact]
    public void Positions_stay_short_when_children_are_appended_and_grow_slowly_when_one_gap_is_filled()
    {
        string last = PositionText.First;
        for (int i = 1; i < 10_000; i++)
        {
            string next = PositionText.Between(last, null)!;
            Assert.True(string.CompareOrdinal(last, next) < 0 && PositionText.IsPosition(next));
            last = next;
        }

        Assert.Equal(4, last.Length);
        string high = "n1";
        for (int i = 0; i < 10_000; i++)
        {
            string next = PositionText.Between("n0", high)!;
            Assert.True(string.CompareOrdinal("n0", next) < 0 && string.CompareOrdinal(next, high) < 0);
            high = next;
        }

        Assert.InRange(high.Length, 2, 2100);
    }

    private static string Answer(string? after, string? before)
    {
        if ((after != null && !PositionText.IsPosition(after)) || (before != null && !PositionText.IsPosition(before)))
        {
            return "not a position";
        }

        return after != null && before != null && string.CompareOrdinal(after, before) >= 0
            ? "not in order"
            : PositionText.Between(after, before) ?? "no position left at this end";
    }
}
