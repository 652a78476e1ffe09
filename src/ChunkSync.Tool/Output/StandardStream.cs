namespace ChunkSync.Tool;

/// <summary>Standard output or standard error of the process, either of which may be closed, or a file on a full disk.</summary>
/// <param name="inner">The stream; null for a closed one.</param>
/// <param name="isResult">Whether it is standard output: a result that cannot be written is a failure. What cannot be told on standard error can be told nowhere.</param>
internal sealed class StandardStream(Stream? inner, bool isResult) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="ToolException">It is standard output, and cannot be written.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            (inner ?? throw new UnauthorizedAccessException()).Write(buffer);
            inner.Flush();
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            if (isResult)
            {
                // A closed one has no rights.
                throw new ToolException(ExitCode.InputOutput, "standard output", failure is UnauthorizedAccessException ? "it is closed" : FileFailure.Cause(failure));
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
