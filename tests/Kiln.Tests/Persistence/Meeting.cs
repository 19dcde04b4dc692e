namespace Kiln.Tests.Persistence;

/// <summary>Calls that meet.</summary>
internal static class Meeting
{
    /// <summary>So many calls under way at the same time; each answers, or is refused with a code.</summary>
    public static async Task<(T? Value, string? Refused)[]> AtOnce<T>(int callers, Func<int, Task<T>> call)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, callers).Select(async n =>
        {
            await start.Task;
            try
            {
                return (await call(n), (string?)null);
            }
            catch (Amazon.Runtime.AmazonServiceException refusal)
            {
                return (default(T), refusal.ErrorCode);
            }
        }).ToArray();
        start.SetResult();
        return await Task.WhenAll(calls);
    }
}
