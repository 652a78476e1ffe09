namespace ChunkSync.Sqlite;

/// <summary>The hidden columns of a table-valued function: which of them a query gives a value with <c>=</c>, and their values in
/// <c>xFilter</c>. Bit i of the plan's number says that input i is given; values come in that order.</summary>
internal static unsafe class HiddenInputs
{
    /// <summary>Takes the usable equality terms.</summary>
    /// <param name="plan">SQLite's question.</param>
    /// <param name="first">The first hidden column; the others follow it.</param>
    /// <param name="count">How many there are, at most 16.</param>
    /// <param name="given">The bits of the inputs that are given.</param>
    /// <param name="visible">A column that is no hidden one and gives an input, too; -1 for none.</param>
    /// <param name="visibleInput">The input that it gives.</param>
    /// <returns>False when an input comes from a table that would be joined later: that order would lose it, another must be
    /// taken.</returns>
    public static bool TryPlan(IndexInfo* plan, int first, int count, out int given, int visible = -1, int visibleInput = -1)
    {
        Span<int> columns = stackalloc int[count];
        for (int input = 0; input < count; input++)
        {
            columns[input] = first + input;
        }

        return TryPlan(plan, columns, out given, visible, visibleInput);
    }

    /// <summary>The same where hidden columns do not follow each other.</summary>
    /// <param name="plan">SQLite's question.</param>
    /// <param name="columns">The column of each input, at most 16.</param>
    /// <param name="given">The bits of the inputs that are given.</param>
    /// <param name="visible">A column that is no hidden one and gives an input, too; -1 for none.</param>
    /// <param name="visibleInput">The input that it gives.</param>
    /// <returns>As above.</returns>
    public static bool TryPlan(IndexInfo* plan, ReadOnlySpan<int> columns, out int given, int visible = -1, int visibleInput = -1)
    {
        given = 0;
        int count = columns.Length;
        int* chosen = stackalloc int[count];
        new Span<int>(chosen, count).Fill(-1);
        for (int i = 0; i < plan->ConstraintCount; i++)
        {
            IndexConstraint constraint = plan->Constraints[i];
            int input = constraint.Column == visible && visible >= 0 ? visibleInput : columns.IndexOf(constraint.Column);
            if (input < 0 || constraint.Operator != IndexConstraint.Equal)
            {
                continue;
            }

            if (constraint.Usable == 0)
            {
                return false;
            }

            chosen[input] = chosen[input] < 0 ? i : chosen[input];
        }

        int argument = 0;
        for (int input = 0; input < count; input++)
        {
            if (chosen[input] >= 0)
            {
                plan->Usage[chosen[input]].ArgumentIndex = ++argument;
                plan->Usage[chosen[input]].Omit = 1;
                given |= 1 << input;
            }
        }

        return true;
    }

    /// <summary>Answers SQLite's question where the hidden columns are all there is to plan: <c>idxNum</c> says which are given.</summary>
    /// <param name="plan">SQLite's question.</param>
    /// <param name="first">The first hidden column; the others follow it.</param>
    /// <param name="count">How many there are, at most 16.</param>
    /// <param name="cost">The cost of a scan, in SQLite's unit.</param>
    /// <param name="rows">The rows that a scan gives, about.</param>
    /// <returns>The code for <c>xBestIndex</c>.</returns>
    public static int Plan(IndexInfo* plan, int first, int count, double cost, long rows)
    {
        if (!TryPlan(plan, first, count, out int given))
        {
            return ResultCode.Constraint;
        }

        plan->IndexNumber = given;
        plan->EstimatedCost = cost;
        plan->EstimatedRows = rows;
        return ResultCode.Ok;
    }

    /// <summary>The values by input; handle 0 for those that are not given.</summary>
    public static void Read(int given, nint* arguments, Span<Value> inputs)
    {
        int next = 0;
        for (int input = 0; input < inputs.Length; input++)
        {
            inputs[input] = (given & (1 << input)) != 0 ? new Value(arguments[next++]) : default;
        }
    }
}
