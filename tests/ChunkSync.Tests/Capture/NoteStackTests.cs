using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Capture;

public class NoteStackTests(ITestOutputHelper output)
{
    private sealed record Waiting(TrackedTable Table, byte[] Key, bool IsKeyKnown, List<byte[]> Notes);

    [Fact]
    public void Stack_is_the_naive_list_when_rows_come_and_go()
    {
        using Database database = Database.Open();
        TrackedTable[] tables = [Table("a"), Table("b")];
        Random random = new(Seed.Next(output));
        using NoteStack stack = new();
        List<Waiting> naive = [];
        for (int step = 0; step < 5000; step++)
        {
            byte[] key = new byte[random.Next(12)];
            random.NextBytes(key.AsSpan(0, Math.Min(1, key.Length)));
            TrackedTable table = tables[random.Next(2)];
            switch (random.Next(8))
            {
                case < 3:
                    bool known = random.Next(4) > 0;
                    stack.Push(table, key, known);
                    naive.Add(new Waiting(table, key, known, []));
                    break;
                case < 6 when naive.Count > 0:
                    stack.Add(key);
                    naive[^1].Notes.Add(key);
                    break;
                case 6 when naive.Count > 0 && random.Next(3) == 0:
                    stack.Pop();
                    naive.RemoveAt(naive.Count - 1);
                    break;
                default:
                    byte[] wanted = naive.Count == 0 || random.Next(4) == 0 ? key : naive[random.Next(naive.Count)].Key;
                    int expected = naive.FindLastIndex(row => row.Table == table && row.IsKeyKnown && row.Key.AsSpan().SequenceEqual(wanted));
                    expected = expected >= 0 ? expected : naive.FindLastIndex(row => row.Table == table && !row.IsKeyKnown);
                    int found = stack.Find(table, wanted);
                    Assert.Equal(expected, found);
                    if (found >= 0)
                    {
                        Assert.Equal(
                            naive.Skip(found).SelectMany(row => row.Notes.Select(note => (row.Table, Convert.ToHexString(note)))), Read(stack, found));
                        stack.PopFrom(found);
                        naive.RemoveRange(found, naive.Count - found);
                    }

                    break;
            }

            Assert.Equal(naive.Count, stack.Count);
            Assert.Equal(naive.Count > 0 && naive[^1].Notes.Count > 0, stack.HasNotes);
        }
    }

    [Fact]
    public void Oldest_rows_are_dropped_when_thousands_were_never_written()
    {
        using Database database = Database.Open();
        TrackedTable table = Table("a");
        using NoteStack stack = new();
        for (int i = 0; i < 100_000; i++)
        {
            stack.Push(table, BitConverter.GetBytes(i), isKeyKnown: true);
            stack.Add(BitConverter.GetBytes(-i));
        }

        Assert.True(stack.Count <= 1000);
        for (int i = 99_999; i > 99_600; i--)
        {
            int row = stack.Find(table, BitConverter.GetBytes(i));
            Assert.Equal([(table, Convert.ToHexString(BitConverter.GetBytes(-i)))], Read(stack, row));
            stack.PopFrom(row);
        }

        Assert.Equal(-1, stack.Find(table, BitConverter.GetBytes(5)));
        stack.Push(table, new byte[2 << 20], isKeyKnown: true);
        stack.Push(table, new byte[2 << 20], isKeyKnown: true);
        stack.Push(table, [1], isKeyKnown: true);
        Assert.Equal(2, stack.Count);
        stack.Clear();
        Assert.Equal(0, stack.Count);
        Assert.False(stack.HasNotes);
    }

    private static List<(TrackedTable Table, string Note)> Read(NoteStack stack, int row)
    {
        List<(TrackedTable Table, string Note)> notes = [];
        long place = 0;
        while (stack.TryNext(row, ref place, out TrackedTable table, out ReadOnlySpan<byte> note))
        {
            notes.Add((table, Convert.ToHexString(note)));
        }

        return notes;
    }

    private static TrackedTable Table(string name) => new(
        new ChunkSync.Sqlite.Connection(0), name, 0, [], default, () => null, null, hasBlocks: false, hasPlainKey: false);
}
