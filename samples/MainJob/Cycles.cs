namespace ChunkSync.Samples.MainJob;

/// <summary>The cycles of a table whose rows name the row above them.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Lost">Rows in them and below them, which no query from the root finds.</param>
/// <param name="Example">The keys of the shortest.</param>
internal sealed record Cycles(int Count, int Lost, IReadOnlyList<object> Example)
{
    /// <summary>Walks up from every row once.</summary>
    public static Cycles Of(Replica replica, Outline outline)
    {
        Dictionary<object, object?> above = Sql.Rows(replica.Connection,
            $"SELECT {Sql.Quote(outline.Key)}, {Sql.Quote(outline.Parent)} FROM {Sql.Quote(outline.Table)}").ToDictionary(row => row[0]!, row => row[1]);
        Dictionary<object, bool> ends = [];
        List<List<object>> cycles = [];
        foreach (object start in above.Keys)
        {
            List<object> way = [];
            HashSet<object> passed = [];
            object? node = start;
            while (node != null && !ends.ContainsKey(node) && passed.Add(node))
            {
                way.Add(node);
                node = above.GetValueOrDefault(node);
            }

            bool end = node == null || (ends.TryGetValue(node, out bool known) && known);
            if (node != null && !ends.ContainsKey(node))
            {
                cycles.Add(way[way.IndexOf(node)..]);
            }

            way.ForEach(one => ends[one] = end);
        }

        return new Cycles(cycles.Count, ends.Values.Count(end => !end), cycles.MinBy(cycle => cycle.Count) ?? []);
    }
}
