using System.Text.RegularExpressions;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>Checks any plan against its database by brute force: what verify_plan.py of the fixtures does, in process. Knows nothing of how
/// a plan is made.</summary>
internal sealed partial class PlanOracle(Database database, string table, IReadOnlyList<PlanChunk> plan)
{
    private readonly List<string> problems = [];

    private string Quoted => "main." + Quote(table);

    /// <summary>Every broken rule as a sentence; none when the plan is right.</summary>
    /// <param name="database">The database the plan was made of, as it was then.</param>
    /// <param name="table">The table, as it is stored.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="properties">What this plan must satisfy besides.</param>
    public static List<string> Check(Database database, string table, IReadOnlyList<PlanChunk> plan, PlanCase properties)
    {
        PlanOracle oracle = new(database, table, plan);
        oracle.Structure();
        if (oracle.problems.Count == 0)
        {
            oracle.Content(properties);
        }

        return oracle.problems;
    }

    /// <summary>Fails unless every row, as the table is now, is in exactly one chunk.</summary>
    public static void CheckTiling(Database database, string table, IReadOnlyList<PlanChunk> plan, string about)
    {
        PlanOracle oracle = new(database, table, plan);
        oracle.Tiling(chunk => (chunk.Predicate, []));
        oracle.Tiling(oracle.WhereBound);
        Assert.True(oracle.problems.Count == 0, about + "\n" + string.Join("\n", oracle.problems));
    }

    private static string Quote(string name) => "\"" + name.Replace("\"", "\"\"") + "\"";

    [GeneratedRegex(@"'(?:[^']|'')*'|""(?:[^""]|"""")*""|\?(\d+)")]
    private static partial Regex Parameters();

    private void Bad(string problem) => problems.Add(problem);

    private void Structure()
    {
        for (int i = 0; i < plan.Count; i++)
        {
            bool isLast = i == plan.Count - 1;
            PlanChunk chunk = plan[i];
            if (chunk.Index != i || chunk.IsFinal != isLast || (chunk.Next == null) != isLast)
            {
                Bad($"chunk {i}: index {chunk.Index}, is_final {chunk.IsFinal}, next {chunk.Next?.Length}");
            }

            if (i > 0 && (chunk.Lower != plan[i - 1].Upper || chunk.LowerInclusive != 1 - plan[i - 1].UpperInclusive))
            {
                Bad($"chunk {i} does not begin where chunk {i - 1} ends");
            }
        }

        if (plan.Count == 0 || plan[0].Lower != null || plan[^1].Upper != null)
        {
            Bad("the plan is empty or not open at its ends");
        }

        if (plan.DistinctBy(chunk => chunk.ChunkId).Count() != plan.Count || plan.DistinctBy(chunk => chunk.PlanId).Count() > 1)
        {
            Bad("chunk_id repeats, or plan_id differs");
        }
    }

    private void Content(PlanCase properties)
    {
        long[] rows = Tiling(chunk => (chunk.Predicate, []));
        long[] bound = Tiling(WhereBound);
        if (!rows.SequenceEqual(bound))
        {
            Bad($"predicate gives {string.Join(",", rows)} rows, where_bind {string.Join(",", bound)}");
        }

        Searches(properties.Has("scans_allowed") ? properties.Integer("scans_allowed") : 0);
        HotValues(properties.Inputs.GetValueOrDefault("order_by") as string);
        for (int i = 0; i < plan.Count; i++)
        {
            if (plan[i].IsExact && plan[i].Rows != rows[i])
            {
                Bad($"chunk {i} says {plan[i].Rows} rows and has {rows[i]}");
            }
        }

        Limits(properties, rows);
        Bytes(properties, rows);
        Strategies(properties);
        Drift(properties);
    }

    private long[] Tiling(Func<PlanChunk, (string Where, object?[] Values)> where)
    {
        string identity = Identity();
        Dictionary<string, int> seen = database.Query($"SELECT {identity} FROM {Quoted} NOT INDEXED").ToDictionary(Key, _ => 0);
        long[] counts = new long[plan.Count];
        for (int i = 0; i < plan.Count; i++)
        {
            (string text, object?[] values) = where(plan[i]);
            List<object?[]> rows;
            try
            {
                rows = database.Query($"SELECT {identity} FROM {plan[i].Source} WHERE {text}", values);
            }
            catch (SqlException failure)
            {
                Bad($"chunk {i}: {text} does not run: {failure.Text}");
                continue;
            }

            counts[i] = rows.Count;
            foreach (object?[] row in rows)
            {
                seen[Key(row)]++;
            }
        }

        List<string> lost = [.. seen.Where(pair => pair.Value != 1).Select(pair => $"{pair.Key} in {pair.Value}")];
        if (lost.Count > 0)
        {
            Bad($"{lost.Count} rows are not in one chunk: {string.Join("; ", lost.Take(5))}");
        }

        return counts;
    }

    private static string Key(object?[] row) => string.Join("|", row.Select(PlanJson.Show));

    /// <summary>SQL of the columns that tell one row from another.</summary>
    private string Identity()
    {
        List<string> names = [.. database.Query("SELECT name FROM pragma_table_xinfo(?)", table).Select(row => (string)row[0]!)];
        foreach (string rowId in (string[])["rowid", "_rowid_", "oid"])
        {
            if (names.Exists(name => name.Equals(rowId, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            try
            {
                database.Query($"SELECT {rowId} FROM {Quoted} LIMIT 0");
                return rowId;
            }
            catch (SqlException)
            {
                // WITHOUT ROWID.
            }
        }

        return string.Join(", ", database.Query("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", table).Select(row => Quote((string)row[0]!)));
    }

    /// <summary>where_bind with its values; those that only SQL can name are put in.</summary>
    private (string Where, object?[] Values) WhereBound(PlanChunk chunk)
    {
        List<object?> values = PlanJson.Values(chunk.BindValues);
        List<object?> bound = [];
        string text = Parameters().Replace(chunk.WhereBind, match =>
        {
            if (!match.Groups[1].Success)
            {
                return match.Value;
            }

            object? value = values[int.Parse(match.Groups[1].Value) - 1];
            if (value is RawText raw)
            {
                return "+CAST(x'" + Convert.ToHexString(raw.Bytes) + "' AS TEXT)";
            }

            bound.Add(value);
            return "?" + bound.Count;
        });
        return (text, [.. bound]);
    }

    private void Searches(long allowed)
    {
        foreach (PlanChunk chunk in plan.Where(chunk => chunk.Lower != null || chunk.Upper != null))
        {
            List<string> steps = [.. database.Query($"EXPLAIN QUERY PLAN SELECT 1 FROM {chunk.Source} WHERE {chunk.Predicate}").Select(row => (string)row[3]!)];
            if ((steps.Exists(step => step.StartsWith("SCAN")) || !steps.Exists(step => step.Contains("SEARCH"))) && --allowed < 0)
            {
                Bad($"chunk {chunk.Index} is read by a scan: {string.Join("; ", steps)}: {chunk.Predicate}");
            }
        }
    }

    private void HotValues(string? orderBy)
    {
        string? index = orderBy ?? (string?)database.Scalar("SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'", table);
        if (index == null)
        {
            return;
        }

        List<object?[]> columns = database.Query("SELECT name, coll FROM pragma_index_xinfo(?)", index);
        foreach (PlanChunk chunk in plan.Where(chunk => chunk.Hot != null))
        {
            List<object?> values = PlanJson.Values(chunk.Hot!);
            for (int i = 0; i < values.Count; i++)
            {
                if (columns[i][0] is not string name || values[i] is RawText)
                {
                    continue;
                }

                long other = (long)database.Scalar(
                    $"SELECT count(*) FROM {chunk.Source} WHERE ({chunk.Predicate}) AND {Quote(name)} COLLATE {columns[i][1]} IS NOT ?", values[i])!;
                if (other > 0)
                {
                    Bad($"chunk {chunk.Index}: {other} rows do not have the hot value {PlanJson.Show(values[i])}");
                }
            }
        }
    }

    private void Limits(PlanCase properties, long[] rows)
    {
        long total = rows.Sum();
        long most = rows.Max();
        if (properties.Has("rows") && total != properties.Integer("rows"))
        {
            Bad($"{total} rows");
        }

        if (properties.IsExact && plan.Any(chunk => !chunk.IsExact))
        {
            Bad("not exact");
        }

        if ((properties.Has("chunks") && plan.Count != properties.Integer("chunks"))
            || (properties.Has("chunks_max") && plan.Count > properties.Integer("chunks_max")))
        {
            Bad($"{plan.Count} chunks");
        }

        if (properties.Has("max_rows") && most > properties.Integer("max_rows"))
        {
            Bad($"a chunk has {most} rows");
        }

        if (properties.Has("spread") && most - rows.Min() > properties.Integer("spread"))
        {
            Bad($"rows per chunk from {rows.Min()} to {most}");
        }

        if (total > 0 && rows.Min() == 0 && plan.All(chunk => chunk.IsExact))
        {
            Bad("an empty chunk");
        }

        if (properties.Has("max_mean_rows") && (double)most * plan.Count / total > properties.Real("max_mean_rows"))
        {
            Bad($"max/mean rows {(double)most * plan.Count / total}");
        }
    }

    private void Bytes(PlanCase properties, long[] rows)
    {
        Dictionary<string, object?> inputs = properties.Inputs;
        if (inputs.GetValueOrDefault("target_bytes") is not long cap || !plan.All(chunk => chunk.IsExact))
        {
            return;
        }

        string weight = "8" + string.Concat(database.Query("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 2", table).Select(row =>
            string.Format(" + CASE typeof({0}) WHEN 'null' THEN 0 WHEN 'integer' THEN 8 WHEN 'real' THEN 8 ELSE length(CAST({0} AS BLOB)) END", Quote((string)row[0]!))));
        List<long> sizes = [];
        for (int i = 0; i < plan.Count; i++)
        {
            sizes.Add((long)database.Scalar($"SELECT coalesce(sum({weight}), 0) FROM {plan[i].Source} WHERE {plan[i].Predicate}")!);
            if (plan[i].Bytes != sizes[i] || (sizes[i] > cap && rows[i] > 1))
            {
                Bad($"chunk {i} says {plan[i].Bytes} bytes and has {sizes[i]} in {rows[i]} rows");
            }

            bool mustBeFull = i > 0 && !inputs.ContainsKey("target_rows") && inputs.GetValueOrDefault("balance") as string != "even";
            if (mustBeFull && sizes[i - 1] + sizes[i] <= cap)
            {
                Bad($"chunks {i - 1} and {i} would fit together");
            }
        }

        if (properties.Has("max_mean_bytes") && (double)sizes.Max() * sizes.Count / sizes.Sum() > properties.Real("max_mean_bytes"))
        {
            Bad($"max/mean bytes {(double)sizes.Max() * sizes.Count / sizes.Sum()}");
        }
    }

    private void Strategies(PlanCase properties)
    {
        foreach (System.Text.Json.JsonElement hot in properties.List("hot"))
        {
            List<string> wanted = [.. hot.GetProperty("value").EnumerateArray().Select(value => PlanJson.Show(PlanJson.Scalar(value)))];
            int found = plan.Count(chunk => chunk.Hot != null
                && PlanJson.Values(chunk.Hot).Select(PlanJson.Show).Take(wanted.Count).SequenceEqual(wanted));
            if (found < hot.GetProperty("chunks_min").GetInt32())
            {
                Bad($"hot value {hot} in {found} chunks");
            }
        }

        List<string> kinds = [.. plan.Select(chunk => chunk.Strategy)];
        if (properties.Has("strategies"))
        {
            List<string> allowed = [.. properties.List("strategies").Select(kind => kind.GetString()!), "open"];
            if (kinds.Exists(kind => !allowed.Contains(kind.Split(':')[0])))
            {
                Bad("strategies " + string.Join(" ", kinds));
            }
        }

        foreach (string some in properties.List("some_strategy").Select(kind => kind.GetString()!))
        {
            if (!kinds.Exists(kind => kind == some || kind.Split(':')[0] == some))
            {
                Bad($"no boundary by {some}: {string.Join(" ", kinds)}");
            }
        }
    }

    private void Drift(PlanCase properties)
    {
        if (!properties.Has("drift"))
        {
            return;
        }

        database.Exec("SAVEPOINT oracle");
        try
        {
            foreach (System.Text.Json.JsonElement statement in properties.List("drift"))
            {
                database.Exec(statement.GetString()!);
            }

            Tiling(chunk => (chunk.Predicate, []));
        }
        finally
        {
            database.Exec("ROLLBACK TO oracle; RELEASE oracle");
        }
    }
}
