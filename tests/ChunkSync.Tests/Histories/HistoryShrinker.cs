using System.Diagnostics;

namespace ChunkSync.Tests.Histories;

/// <summary>Makes a failing history as short as it gets: first steps are left out, then numbers made smaller, again and again until nothing of
/// that kind still fails.</summary>
/// <param name="fails">Whether a history still fails.</param>
/// <param name="limit">When to be content with what was reached.</param>
internal sealed class HistoryShrinker(Func<History, bool> fails, TimeSpan limit)
{
    private readonly Stopwatch elapsed = Stopwatch.StartNew();

    /// <summary>How many histories were tried.</summary>
    public int Tried { get; private set; }

    /// <summary>What to say of a history that failed: the shortest one that fails in the same way, and a script that shows it.</summary>
    /// <param name="history">The history.</param>
    /// <param name="outcome">How it failed.</param>
    /// <param name="limit">How long to look for shorter ones.</param>
    public static string Report(History history, HistoryOutcome outcome, TimeSpan limit)
    {
        HistoryShrinker shrinker = new(other => HistoryRunner.Run(other).Kind == outcome.Kind, limit);
        History shortest = shrinker.Shrink(history);
        HistoryOutcome last = HistoryRunner.Run(shortest);
        return $"{last.Failure?.Message}\n\nThe shortest history of {shrinker.Tried} (from {history.Steps.Count} steps):\n{shortest}\n\n{last.Script}";
    }

    /// <summary>Shrinks a history that fails.</summary>
    public History Shrink(History history)
    {
        History last;
        do
        {
            last = history;
            history = LeaveOutReplicas(LessNumbers(LeaveOutSteps(history)));
        }
        while (history != last && elapsed.Elapsed < limit);
        return history;
    }

    /// <summary>Leaves out runs of steps: halves first, single ones last.</summary>
    private History LeaveOutSteps(History history)
    {
        for (int size = Math.Max(1, history.Steps.Count / 2); size > 0; size /= 2)
        {
            int start = 0;
            while (start < history.Steps.Count)
            {
                History shorter = history with { Steps = [.. history.Steps.Take(start), .. history.Steps.Skip(start + size)] };
                if (Fails(shorter))
                {
                    history = shorter;
                }
                else
                {
                    start += size;
                }
            }
        }

        return history;
    }

    private History LessNumbers(History history)
    {
        for (int i = 0; i < history.Steps.Count; i++)
        {
            for (int number = 0; number < 4; number++)
            {
                int value = history.Steps[i][number];
                foreach (int less in (int[])[0, value / 2, value - 1])
                {
                    History smaller = With(history, i, history.Steps[i].With(number, less));
                    if (less >= 0 && less < history.Steps[i][number] && Fails(smaller))
                    {
                        history = smaller;
                    }
                }
            }

            // Simpler kinds of writes.
            if (history.Steps[i].Kind is StepKind.Replace or StepKind.UpdateAll && Fails(With(history, i, history.Steps[i] with { Kind = StepKind.Put })))
            {
                history = With(history, i, history.Steps[i] with { Kind = StepKind.Put });
            }
        }

        return history;
    }

    private History LeaveOutReplicas(History history)
    {
        while (history.Replicas > 1 && Fails(history with { Replicas = history.Replicas - 1 }))
        {
            history = history with { Replicas = history.Replicas - 1 };
        }

        return history;
    }

    private static History With(History history, int index, HistoryStep step)
    {
        HistoryStep[] steps = [.. history.Steps];
        steps[index] = step;
        return history with { Steps = steps };
    }

    private bool Fails(History history)
    {
        if (elapsed.Elapsed > limit)
        {
            return false;
        }

        Tried++;
        return fails(history);
    }
}
