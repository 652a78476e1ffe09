using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>Interrupts the statement that a call runs when its token is cancelled, and only while that statement is inside SQLite.</summary>
/// <remarks>SQLite forgets an interrupt that comes before a statement has begun, and nobody can see from outside whether it has: so it is repeated until the
/// statement has ended. While it runs a repeat changes nothing.</remarks>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(2);

    private readonly Lock gate = new();
    private readonly CancellationTokenRegistration registration;
    private sqlite3? running;
    private Timer? repeats;

    public Interruption(CancellationToken token)
    {
        Token = token;
        registration = token.UnsafeRegister(static self => ((Interruption)self!).Interrupt(), this);
    }

    public CancellationToken Token { get; }

    /// <summary>Steps a statement.</summary>
    /// <param name="handle">Its connection.</param>
    /// <param name="statement">The statement.</param>
    /// <returns>SQLite's code.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled before: nothing was done.</exception>
    public int Step(sqlite3 handle, sqlite3_stmt statement)
    {
        if (!Token.CanBeCanceled)
        {
            return raw.sqlite3_step(statement);
        }

        lock (gate)
        {
            Token.ThrowIfCancellationRequested();
            running = handle;
        }

        try
        {
            return raw.sqlite3_step(statement);
        }
        finally
        {
            lock (gate)
            {
                running = null;
                repeats?.Dispose();
                repeats = null;
            }
        }
    }

    public void Dispose() => registration.Dispose();

    private void Interrupt()
    {
        lock (gate)
        {
            if (running != null)
            {
                raw.sqlite3_interrupt(running);
                repeats ??= new Timer(static self => ((Interruption)self!).Interrupt(), this, Again, Again);
            }
        }
    }
}
