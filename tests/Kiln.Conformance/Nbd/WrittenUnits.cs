namespace Kiln.Conformance.Nbd;

/// <summary>What was written to each of some units of 512 bytes, and how far it is promised to be durable.</summary>
internal sealed class WrittenUnits
{
    internal const int Count = 768;
    internal const int Bytes = 512;

    private readonly Lock _gate = new();
    private readonly List<long>[] _history = new List<long>[Count];
    private readonly int[] _acknowledged = new int[Count];
    private readonly int[] _durable = new int[Count];
    private long _next;
    private long _writes;

    internal WrittenUnits()
    {
        for (var unit = 0; unit < Count; unit++) _history[unit] = [0];
    }

    /// <summary>Writes that were answered.</summary>
    internal long Acknowledged => Volatile.Read(ref _writes);

    /// <summary>Flushes that were answered.</summary>
    internal int Flushes { get; private set; }

    /// <summary>Eight units to a sector; the sectors are apart, so that each is an entry of its own in the
    /// log.</summary>
    internal static long OffsetOf(int unit) => (unit / 8 * 65_536L) + (unit % 8 * Bytes);

    /// <summary>The bytes of the next write to a unit; from now on they may be there.</summary>
    internal byte[] Begin(int unit)
    {
        var bytes = new byte[Bytes];
        lock (_gate)
        {
            var value = ++_next;
            _history[unit].Add(value);
            for (var at = 0; at < Bytes; at += 8) BitConverter.TryWriteBytes(bytes.AsSpan(at), value);
        }
        return bytes;
    }

    /// <summary>The write was answered; with <paramref name="isDurable"/> the answer was a promise.</summary>
    internal void End(int unit, bool isDurable)
    {
        lock (_gate)
        {
            _acknowledged[unit] = _history[unit].Count - 1;
            if (isDurable)
                _durable[unit] = _acknowledged[unit];
            _writes++;
        }
    }

    /// <summary>What a flush that is sent now has to cover.</summary>
    internal int[] BeginFlush()
    {
        lock (_gate)
            return [.. _acknowledged];
    }

    /// <summary>The flush was answered.</summary>
    internal void EndFlush(int[] covered)
    {
        lock (_gate)
        {
            for (var unit = 0; unit < Count; unit++) _durable[unit] = Math.Max(_durable[unit], covered[unit]);
            Flushes++;
        }
    }

    /// <summary>Reads every unit: it holds what was last durable or something written later, whole. That is then what
    /// was there from the beginning.</summary>
    internal void Check(Func<long, byte[]> read)
    {
        for (var unit = 0; unit < Count; unit++)
        {
            var bytes = read(OffsetOf(unit));
            var value = BitConverter.ToInt64(bytes);
            for (var at = 8; at < Bytes; at += 8)
                Assert.True(BitConverter.ToInt64(bytes, at) == value, $"unit {unit} is torn");
            var allowed = _history[unit].Skip(_durable[unit]).ToList();
            Assert.True(
                allowed.Contains(value), $"unit {unit} holds {value}, not one of {string.Join(", ", allowed)}");
            _history[unit] = [value];
            _acknowledged[unit] = _durable[unit] = 0;
        }
    }
}
