namespace ChunkSync.Tests.Histories;

/// <summary>One step of a history, as data: what a replica does, with numbers whose meaning <see cref="StepKind"/> says. Smaller numbers are
/// simpler steps.</summary>
internal readonly record struct HistoryStep(StepKind Kind, int Replica, int A = 0, int B = 0, int C = 0)
{
    /// <summary>The step with one of its four numbers changed.</summary>
    /// <param name="index">0 replica, 1 A, 2 B, 3 C.</param>
    /// <param name="value">The number.</param>
    public HistoryStep With(int index, int value) => index switch
    {
        0 => this with { Replica = value },
        1 => this with { A = value },
        2 => this with { B = value },
        _ => this with { C = value },
    };

    /// <summary>One of the four numbers.</summary>
    public int this[int index] => index switch
    {
        0 => Replica,
        1 => A,
        2 => B,
        _ => C,
    };
}
