using Kiln.Service.Calls;
using Kiln.Service.Work;

namespace Kiln.Service.Admin;

/// <summary>What time it is for the service, and how far that is ahead of the wall clock.</summary>
[Operation("kiln:GetClock")]
public sealed class GetClock(Operator only, DomainClock clock, ServiceOptions options)
    : IOperation<GetClock.Request, GetClock.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request;

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>The domain clock: creation dates, retention, expiry.</summary>
        public required DateTimeOffset Now { get; init; }

        /// <summary>How far it is ahead, in seconds.</summary>
        public required long OffsetSeconds { get; init; }

        /// <summary>Whether it may be moved: in development only.</summary>
        public required bool Movable { get; init; }

        /// <summary>The clock as it stands.</summary>
        internal static Response Of(DomainClock clock, ServiceOptions options) => new()
        {
            Now = clock.GetUtcNow(),
            OffsetSeconds = (long)clock.Offset.TotalSeconds,
            Movable = options.Dev,
        };
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        return Response.Of(clock, options);
    }
}
