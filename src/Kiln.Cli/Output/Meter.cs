using System.Globalization;
using Spectre.Console;

namespace Kiln.Cli.Output;

/// <summary>Shows how far a transfer is: a bar with rate and time left on a terminal, now and then a line
/// elsewhere.</summary>
public sealed class Meter(Screen screen, string what, TimeProvider? time = null)
{
    /// <summary>Without a terminal: a line at most this often. A log stays readable, and a watcher sees life.</summary>
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(100);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private long _done;
    private long _moved;

    /// <summary>Bytes of the disk dealt with, and bytes that travelled for it.</summary>
    public void Add(long done, long moved)
    {
        Interlocked.Add(ref _done, done);
        Interlocked.Add(ref _moved, moved);
    }

    /// <summary>Bytes that travelled so far.</summary>
    public long Moved => Interlocked.Read(ref _moved);

    /// <summary>Shows progress while work is under way.</summary>
    /// <param name="total">Bytes to deal with.</param>
    /// <param name="work">The work; it calls <see cref="Add"/>.</param>
    public async Task Run(long total, Func<Task> work)
    {
        var began = _time.GetTimestamp();
        if (screen.IsTerminal)
        {
            await screen.Error.Progress().AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
                .StartAsync(context => Watch(context.AddTask(what, maxValue: Math.Max(1, total)), total, work, began));
        }
        else
        {
            await Watch(null, total, work, began);
        }
        var seconds = Math.Max(0.001, _time.GetElapsedTime(began).TotalSeconds);
        screen.Say($"{what}: done, {Sizes.Bytes(total)} in {Sizes.Time(TimeSpan.FromSeconds(seconds))}, "
            + $"{Sizes.Bytes(Moved)} moved at {Sizes.Bytes(total / seconds)}/s");
    }

    private async Task Watch(ProgressTask? bar, long total, Func<Task> work, long began)
    {
        var running = work();
        var lastLine = began;
        while (await Task.WhenAny(running, Task.Delay(RefreshEvery, _time)) != running)
        {
            var done = Interlocked.Read(ref _done);
            if (bar is not null)
            {
                bar.Value = done;
                bar.Description = Markup.Escape($"{what} {Rate(done, total, began)}");
            }
            else if (_time.GetElapsedTime(lastLine) >= LineEvery)
            {
                lastLine = _time.GetTimestamp();
                screen.Say(string.Create(CultureInfo.InvariantCulture,
                    $"{what}: {(total == 0 ? 100 : done * 100 / total)} % {Rate(done, total, began)}"));
            }
        }
        await running;
    }

    private string Rate(long done, long total, long began)
    {
        var seconds = Math.Max(0.001, _time.GetElapsedTime(began).TotalSeconds);
        var rate = done / seconds;
        var left = rate > 0 ? $", {Sizes.Time(TimeSpan.FromSeconds((total - done) / rate))} left" : "";
        return $"{Sizes.Bytes(rate)}/s{left}";
    }
}
