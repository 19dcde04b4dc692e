using Kiln.Blocks;

namespace Kiln.Tests.Blocks;

public sealed class BytesInFlightTests
{
    private readonly BytesInFlight _bytes = new(8 << 20, TimeProvider.System);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_asked_first_is_admitted_first()
    {
        var first = await _bytes.EnterAsync(6 << 20, Cancel);
        var large = _bytes.EnterAsync(8 << 20, Cancel);
        var small = _bytes.EnterAsync(1, Cancel);

        Assert.False(small.IsCompleted);
        first.Dispose();
        (await large).Dispose();
        (await small).Dispose();

        Assert.Equal((0, 8L << 20, 0), (_bytes.Taken, _bytes.Peak, _bytes.Waiting));
    }

    [Fact]
    public async Task Who_gives_up_lets_the_next_ones_pass()
    {
        using var patience = new CancellationTokenSource();
        using var first = await _bytes.EnterAsync(6 << 20, Cancel);
        var large = _bytes.EnterAsync(8 << 20, patience.Token);
        var small = _bytes.EnterAsync(1, Cancel);

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        (await small).Dispose();
        first.Dispose();
        first.Dispose();
        Assert.Equal(0, _bytes.Taken);
    }

    [Fact]
    public async Task More_than_the_bound_is_refused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _bytes.EnterAsync((8 << 20) + 1, Cancel));

    [Fact]
    public async Task Long_work_takes_turns()
    {
        var turns = 0;
        var shortOne = Task.CompletedTask;

        await _bytes.RunAsync(4, turn =>
        {
            if (turns++ > 0)
                return true;
            shortOne = _bytes.RunAsync(4, _ => true, Cancel);
            SpinWait.SpinUntil(() => turn.IsOver);
            return false;
        }, Cancel);

        Assert.Equal(2, turns);
        await shortOne;
        Assert.Equal(8L << 20, _bytes.Peak);
    }
}
