using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Storage;

namespace Kiln.Service.Admin;

/// <summary>Changes the rates that copies between Regions keep to, those under way among them, until the service
/// restarts.</summary>
[Operation("kiln:SetCopyLimits")]
public sealed class SetCopyLimits(Operator only, CopyLimits limits)
    : IOperation<SetCopyLimits.Request, SetCopyLimits.Response>
{
    /// <summary>MiB/s beyond which a limit is none: a hundred-gigabit link carries less.</summary>
    public const int MiBPerSecondMax = 100_000;

    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>The limit of one copy in MiB/s; 0 for none; absent to leave it.</summary>
        [Range(0, MiBPerSecondMax)]
        public int? EachMiBPerSecond { get; init; }

        /// <summary>The limit of all copies from one Region to another; 0 for none; absent to leave it.</summary>
        [Range(0, MiBPerSecondMax)]
        public int? PairMiBPerSecond { get; init; }
    }

    /// <summary>The limits now.</summary>
    /// <param name="EachMiBPerSecond">Of one copy.</param>
    /// <param name="PairMiBPerSecond">Of all copies from one Region to another.</param>
    public sealed record Response(int EachMiBPerSecond, int PairMiBPerSecond);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        if (request.EachMiBPerSecond is { } each)
            limits.EachMiBPerSecond = each;
        if (request.PairMiBPerSecond is { } pair)
            limits.PairMiBPerSecond = pair;
        return new Response(limits.EachMiBPerSecond, limits.PairMiBPerSecond);
    }
}
