using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>Builds primary-key blobs (format H): a count byte, then the key values in wire encoding. One native buffer per use,
/// grown as needed and reused.</summary>
/// <param name="connection">Whose statements the blob is bound to, without a copy; null when it is bound to none. They forget it
/// before its memory moves or goes: clearing them row by row would cost more than binding them.</param>
internal sealed unsafe class KeyBuffer(Connection? connection) : IDisposable
{
    private byte* memory;
    private long capacity;

    /// <summary>The blob so far.</summary>
    public byte* Data => memory;

    /// <summary>Its length.</summary>
    public long Length { get; private set; }

    /// <summary>The blob where it lies: valid until the next one is built.</summary>
    public NativeBytes Native => new(memory, checked((int)Length));

    public ReadOnlySpan<byte> Bytes => new(memory, checked((int)Length));

    /// <summary>Starts a blob of <paramref name="count"/> values.</summary>
    public void Begin(int count)
    {
        Length = 0;
        Reserve(1);
        memory[0] = (byte)count;
        Length = 1;
    }

    /// <summary>Appends one value; its storage class stays.</summary>
    public void Append(Value value) => Append(StoredValue.Read(value));

    /// <inheritdoc cref="Append(Value)"/>
    public void Append(in WireValue value)
    {
        Reserve(ValueCodec.MaxHeader + value.Length);
        Length = ValueCodec.Write(memory + Length, value) - memory;
    }

    /// <summary>Binds the blob to a parameter of a statement with lasting bindings (see <see cref="Connection.Prepare(string, bool)"/>).</summary>
    public void BindTo(Statement statement, int index)
    {
        if (connection == null)
        {
            throw new InvalidOperationException("this key is not made to be bound");
        }

        statement.BindStaticBlob(index, memory, Length);
    }

    /// <summary>Builds the key of a row whose first <paramref name="count"/> columns are the key's.</summary>
    /// <returns>False when one of them is NULL.</returns>
    public bool TryRead(Statement row, int count)
    {
        Begin(count);
        for (int i = 0; i < count; i++)
        {
            if (row.IsNull(i))
            {
                return false;
            }

            Append(row.ColumnValue(i));
        }

        return true;
    }

    /// <summary>Takes a blob that is there already.</summary>
    public void Assign(ReadOnlySpan<byte> key)
    {
        Length = 0;
        Reserve(Math.Max(1, key.Length));
        key.CopyTo(new Span<byte>(memory, key.Length));
        Length = key.Length;
    }

    public void Dispose()
    {
        connection?.ClearLastingBindings();
        Sqlite3.Free(memory);
        memory = null;
        capacity = 0;
    }

    private void Reserve(long bytes)
    {
        long needed = Length + bytes;
        if (needed > capacity)
        {
            long grown = Math.Max(needed, Math.Max(2 * capacity, 256));
            connection?.ClearLastingBindings();
            memory = Sqlite3.Reallocate(memory, grown);
            capacity = grown;
        }
    }
}
