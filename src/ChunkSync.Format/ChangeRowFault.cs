namespace ChunkSync.Format;

/// <summary>Why a change row cannot be read.</summary>
/// <param name="Defect">What is wrong.</param>
/// <param name="Field">The field that is wrong.</param>
/// <param name="Offset">Where its value begins, in what the reader reads.</param>
internal readonly record struct ChangeRowFault(ChangeRowDefect Defect, string Field, long Offset)
{
    /// <summary>The end of an error message.</summary>
    /// <param name="row">The row's number.</param>
    /// <param name="start">Bytes before what the reader reads.</param>
    public string Describe(long row, long start = 0) => Defect switch
    {
        ChangeRowDefect.Undecodable => $"row {row} cannot be decoded at offset {start + Offset}",
        ChangeRowDefect.NotBytes => $"{Field} of row {row} is neither TEXT nor BLOB",
        ChangeRowDefect.NotInteger => $"{Field} of row {row} is not an INTEGER",
        _ => $"{Field} of row {row} has another storage class than a change row's",
    };
}
