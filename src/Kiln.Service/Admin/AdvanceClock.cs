using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Kiln.Service.Work;

namespace Kiln.Service.Admin;

/// <summary>Moves the domain clock forward. Development only.</summary>
[Operation("kiln:AdvanceClock")]
public sealed class AdvanceClock(Db db, Operator only, DomainClock clock, WorkSignal signal, ServiceOptions options)
    : IOperation<AdvanceClock.Request, GetClock.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>How far, in seconds.</summary>
        [Range(1L, long.MaxValue)]
        public required long Seconds { get; init; }
    }

    /// <inheritdoc/>
    public async Task<GetClock.Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (!options.Dev)
            throw AdminError.DevelopmentOnly();
        await only.Authorize(call, cancel);
        var most = (long)ClockSetting.OffsetMax.TotalSeconds;
        if (request.Seconds > most - (long)clock.Offset.TotalSeconds)
            throw AdminError.Validation("The clock can be moved by 200 years in all.");
        await ClockSetting.Advance(db, clock, TimeSpan.FromSeconds(request.Seconds), cancel);
        signal.Notify();
        return GetClock.Response.Of(clock, options);
    }
}
